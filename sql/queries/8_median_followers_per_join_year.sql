-- What is the median follower count of the posts of users who joined in each year from 2015 to 2020?
-- Years are those of UTC. A post without a follower count does not weigh.
-- Order: join_year.
WITH joined AS (
    SELECT
        pin.follower_count,
        extract(YEAR FROM users.date_joined AT TIME ZONE 'UTC')::integer AS join_year
    FROM serving.pin
    INNER JOIN serving.users ON pin.ind = users.ind
)

SELECT
    join_year,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY follower_count) AS median_follower_count
FROM joined
WHERE join_year BETWEEN 2015 AND 2020
GROUP BY join_year
ORDER BY join_year;
