-- How many users joined in each year from 2015 to 2020?
-- A user is a distinct user_name. Years are those of UTC. Nameless users are left out.
-- Order: join_year.
WITH joined AS (
    SELECT
        user_name,
        extract(YEAR FROM date_joined AT TIME ZONE 'UTC')::integer AS join_year
    FROM serving.users
    WHERE user_name IS NOT NULL
)

SELECT
    join_year,
    count(DISTINCT user_name) AS number_users_joined
FROM joined
WHERE join_year BETWEEN 2015 AND 2020
GROUP BY join_year
ORDER BY join_year;
