-- Which category has the most posts in each country?
-- Posts without a country or a category are left out. Ties are all kept.
-- Order: country, category.
WITH counted AS (
    SELECT
        geo.country,
        pin.category,
        count(*) AS category_count,
        rank() OVER (PARTITION BY geo.country ORDER BY count(*) DESC) AS place
    FROM serving.pin
    INNER JOIN serving.geo ON pin.ind = geo.ind
    WHERE geo.country IS NOT NULL AND pin.category IS NOT NULL
    GROUP BY geo.country, pin.category
)

SELECT
    country,
    category,
    category_count
FROM counted
WHERE place = 1
ORDER BY country, category;
