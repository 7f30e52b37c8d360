-- Which category has the most posts in each year from 2018 to 2022?
-- Years are those of UTC. Posts without a time or a category are left out. Ties are all kept.
-- Order: post_year, category.
WITH dated AS (
    SELECT
        pin.category,
        extract(YEAR FROM geo.timestamp AT TIME ZONE 'UTC')::integer AS post_year
    FROM serving.pin
    INNER JOIN serving.geo ON pin.ind = geo.ind
    WHERE pin.category IS NOT NULL
),

counted AS (
    SELECT
        post_year,
        category,
        count(*) AS category_count,
        rank() OVER (PARTITION BY post_year ORDER BY count(*) DESC) AS place
    FROM dated
    WHERE post_year BETWEEN 2018 AND 2022
    GROUP BY post_year, category
)

SELECT
    post_year,
    category,
    category_count
FROM counted
WHERE place = 1
ORDER BY post_year, category;
