-- Which category has the most posts in each age group?
-- Posts without a category, and of users under 18 or of unknown age, are left out. Ties are all kept.
-- Order: age_group from the youngest to the oldest, category.
WITH grouped AS (
    SELECT
        pin.category,
        CASE
            WHEN users.age BETWEEN 18 AND 24 THEN '18-24'
            WHEN users.age BETWEEN 25 AND 35 THEN '25-35'
            WHEN users.age BETWEEN 36 AND 50 THEN '36-50'
            WHEN users.age > 50 THEN '+50'
        END AS age_group
    FROM serving.pin
    INNER JOIN serving.users ON pin.ind = users.ind
),

counted AS (
    SELECT
        age_group,
        category,
        count(*) AS category_count,
        rank() OVER (PARTITION BY age_group ORDER BY count(*) DESC) AS place
    FROM grouped
    WHERE age_group IS NOT NULL AND category IS NOT NULL
    GROUP BY age_group, category
)

SELECT
    age_group,
    category,
    category_count
FROM counted
WHERE place = 1
ORDER BY age_group = '+50', age_group, category;
