-- Which user has the most followers in each country?
-- Posts without a country, a poster or a follower count are left out. Ties are all kept.
-- Order: country, poster_name.
WITH ranked AS (
    SELECT
        geo.country,
        pin.poster_name,
        pin.follower_count,
        rank() OVER (PARTITION BY geo.country ORDER BY pin.follower_count DESC) AS place
    FROM serving.pin
    INNER JOIN serving.geo ON pin.ind = geo.ind
    WHERE geo.country IS NOT NULL AND pin.poster_name IS NOT NULL AND pin.follower_count IS NOT NULL
)

SELECT DISTINCT
    country,
    poster_name,
    follower_count
FROM ranked
WHERE place = 1
ORDER BY country, poster_name;
