-- Which country has the user with the most followers of all?
-- Posts without a country, a poster or a follower count are left out. Ties are all kept.
-- Order: country.
WITH ranked AS (
    SELECT
        geo.country,
        max(pin.follower_count) AS follower_count,
        rank() OVER (ORDER BY max(pin.follower_count) DESC) AS place
    FROM serving.pin
    INNER JOIN serving.geo ON pin.ind = geo.ind
    WHERE geo.country IS NOT NULL AND pin.poster_name IS NOT NULL AND pin.follower_count IS NOT NULL
    GROUP BY geo.country
)

SELECT
    country,
    follower_count
FROM ranked
WHERE place = 1
ORDER BY country;
