-- What is the median follower count of the posts in each joining year from 2015 to 2020 and age group?
-- Years are those of UTC. Posts of users under 18 or of unknown age are left out; a post without a
-- follower count does not weigh.
-- Order: join_year, age_group from the youngest to the oldest.
WITH grouped AS (
    SELECT
        pin.follower_count,
        extract(YEAR FROM users.date_joined AT TIME ZONE 'UTC')::integer AS join_year,
        CASE
            WHEN users.age BETWEEN 18 AND 24 THEN '18-24'
            WHEN users.age BETWEEN 25 AND 35 THEN '25-35'
            WHEN users.age BETWEEN 36 AND 50 THEN '36-50'
            WHEN users.age > 50 THEN '+50'
        END AS age_group
    FROM serving.pin
    INNER JOIN serving.users ON pin.ind = users.ind
)

SELECT
    join_year,
    age_group,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY follower_count) AS median_follower_count
FROM grouped
WHERE join_year BETWEEN 2015 AND 2020 AND age_group IS NOT NULL
GROUP BY join_year, age_group
ORDER BY join_year, age_group = '+50', age_group;
