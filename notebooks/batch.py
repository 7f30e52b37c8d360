# Databricks notebook source
# MAGIC %md
# MAGIC # From the landing zone to nine answers
# MAGIC The batch half of the course: mount the bucket, read what the S3 sink has landed, clean it, join it, ask.
# MAGIC
# MAGIC Send posts first: `make up emulate landed`. Then `make notebook-run FILE=notebooks/batch.py`.

# COMMAND ----------

# DBTITLE 1,Whose pipeline
dbutils.widgets.text("user_id", "0a1b2c3d4e5f", "USER_ID in .env")
user_id = dbutils.widgets.get("user_id")
bucket = f"user-{user_id}-bucket"
mount_point = f"/mnt/{bucket}"

# COMMAND ----------

# DBTITLE 1,Mount the bucket
import urllib.parse

# A mount shows a bucket as a folder, also to later notebooks. A secret key may hold a slash, so it is quoted.
key = dbutils.secrets.get("aws", "access_key_id")
secret = urllib.parse.quote(dbutils.secrets.get("aws", "secret_access_key"), safe="")
if mount_point not in [mount.mountPoint for mount in dbutils.fs.mounts()]:
    dbutils.fs.mount(f"s3n://{key}:{secret}@{bucket}", mount_point)
display(dbutils.fs.ls(f"{mount_point}/topics"))

# COMMAND ----------

# MAGIC %md
# MAGIC ## Read
# MAGIC One line of a file is one record. Spark looks at the records to find the columns.

# COMMAND ----------

def landed(table):
    return spark.read.json(f"{mount_point}/topics/{user_id}.{table}/partition=0/*.json")


pin_records, geo_records, user_records = landed("pin"), landed("geo"), landed("user")
display(geo_records)

# COMMAND ----------

# MAGIC %run ./cleaning

# COMMAND ----------

# MAGIC %md
# MAGIC ## Clean
# MAGIC A post that was sent twice has two records with one `ind`: one row of them is kept.

# COMMAND ----------

pin = clean_pin(pin_records).dropDuplicates(["ind"])
geo = clean_geo(geo_records).dropDuplicates(["ind"])
users = clean_user(user_records).dropDuplicates(["ind"])
display(pin)

# COMMAND ----------

# DBTITLE 1,Names for SQL
for name, frame in {"pin": pin, "geo": geo, "users": users}.items():
    # Nine questions would read and clean the files nine times.
    frame.cache().createOrReplaceTempView(name)
print(f"{pin.count():,} posts, {geo.count():,} places, {users.count():,} users")

# COMMAND ----------

# DBTITLE 1,Posts with their place and user
# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMP VIEW placed AS
# MAGIC SELECT pin.*, geo.country, year(geo.timestamp) AS post_year
# MAGIC FROM pin INNER JOIN geo ON pin.ind = geo.ind;
# MAGIC
# MAGIC CREATE OR REPLACE TEMP VIEW owned AS
# MAGIC SELECT
# MAGIC   pin.*,
# MAGIC   year(users.date_joined) AS join_year,
# MAGIC   CASE
# MAGIC     WHEN users.age BETWEEN 18 AND 24 THEN '18-24'
# MAGIC     WHEN users.age BETWEEN 25 AND 35 THEN '25-35'
# MAGIC     WHEN users.age BETWEEN 36 AND 50 THEN '36-50'
# MAGIC     WHEN users.age > 50 THEN '+50'
# MAGIC   END AS age_group
# MAGIC FROM pin INNER JOIN users ON pin.ind = users.ind

# COMMAND ----------

# MAGIC %md
# MAGIC ## Nine questions
# MAGIC Where several rows share the first place, all of them are given.

# COMMAND ----------

# DBTITLE 1,1. The category with the most posts in each country
# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMP VIEW answer_1 AS
# MAGIC SELECT country, category, category_count
# MAGIC FROM (
# MAGIC   SELECT
# MAGIC     country, category,
# MAGIC     count(*) AS category_count,
# MAGIC     rank() OVER (PARTITION BY country ORDER BY count(*) DESC) AS place
# MAGIC   FROM placed
# MAGIC   WHERE country IS NOT NULL AND category IS NOT NULL
# MAGIC   GROUP BY country, category
# MAGIC )
# MAGIC WHERE place = 1;
# MAGIC
# MAGIC SELECT * FROM answer_1 ORDER BY country, category

# COMMAND ----------

# DBTITLE 1,2. The category with the most posts in each year
# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMP VIEW answer_2 AS
# MAGIC SELECT post_year, category, category_count
# MAGIC FROM (
# MAGIC   SELECT
# MAGIC     post_year, category,
# MAGIC     count(*) AS category_count,
# MAGIC     rank() OVER (PARTITION BY post_year ORDER BY count(*) DESC) AS place
# MAGIC   FROM placed
# MAGIC   WHERE post_year BETWEEN 2018 AND 2022 AND category IS NOT NULL
# MAGIC   GROUP BY post_year, category
# MAGIC )
# MAGIC WHERE place = 1;
# MAGIC
# MAGIC SELECT * FROM answer_2 ORDER BY post_year, category

# COMMAND ----------

# DBTITLE 1,3. The user with the most followers in each country
# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMP VIEW answer_3 AS
# MAGIC SELECT DISTINCT country, poster_name, follower_count
# MAGIC FROM (
# MAGIC   SELECT *, rank() OVER (PARTITION BY country ORDER BY follower_count DESC) AS place
# MAGIC   FROM placed
# MAGIC   WHERE country IS NOT NULL AND poster_name IS NOT NULL AND follower_count IS NOT NULL
# MAGIC )
# MAGIC WHERE place = 1;
# MAGIC
# MAGIC SELECT * FROM answer_3 ORDER BY country, poster_name

# COMMAND ----------

# DBTITLE 1,4. The country of the user with the most followers
# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMP VIEW answer_4 AS
# MAGIC SELECT DISTINCT country, follower_count
# MAGIC FROM answer_3
# MAGIC WHERE follower_count = (SELECT max(follower_count) FROM answer_3);
# MAGIC
# MAGIC SELECT * FROM answer_4 ORDER BY country

# COMMAND ----------

# DBTITLE 1,5. The category with the most posts in each age group
# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMP VIEW answer_5 AS
# MAGIC SELECT age_group, category, category_count
# MAGIC FROM (
# MAGIC   SELECT
# MAGIC     age_group, category,
# MAGIC     count(*) AS category_count,
# MAGIC     rank() OVER (PARTITION BY age_group ORDER BY count(*) DESC) AS place
# MAGIC   FROM owned
# MAGIC   WHERE age_group IS NOT NULL AND category IS NOT NULL
# MAGIC   GROUP BY age_group, category
# MAGIC )
# MAGIC WHERE place = 1;
# MAGIC
# MAGIC SELECT * FROM answer_5 ORDER BY age_group = '+50', age_group, category

# COMMAND ----------

# DBTITLE 1,6. The median follower count in each age group
# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMP VIEW answer_6 AS
# MAGIC SELECT age_group, percentile(follower_count, 0.5) AS median_follower_count
# MAGIC FROM owned
# MAGIC WHERE age_group IS NOT NULL
# MAGIC GROUP BY age_group;
# MAGIC
# MAGIC SELECT * FROM answer_6 ORDER BY age_group = '+50', age_group

# COMMAND ----------

# DBTITLE 1,7. Users that joined in each year
# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMP VIEW answer_7 AS
# MAGIC SELECT year(date_joined) AS join_year, count(DISTINCT user_name) AS number_users_joined
# MAGIC FROM users
# MAGIC WHERE year(date_joined) BETWEEN 2015 AND 2020 AND user_name <> ''
# MAGIC GROUP BY join_year;
# MAGIC
# MAGIC SELECT * FROM answer_7 ORDER BY join_year

# COMMAND ----------

# DBTITLE 1,8. The median follower count of users by the year they joined
# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMP VIEW answer_8 AS
# MAGIC SELECT join_year, percentile(follower_count, 0.5) AS median_follower_count
# MAGIC FROM owned
# MAGIC WHERE join_year BETWEEN 2015 AND 2020
# MAGIC GROUP BY join_year;
# MAGIC
# MAGIC SELECT * FROM answer_8 ORDER BY join_year

# COMMAND ----------

# DBTITLE 1,9. The same by year and age group
# MAGIC %sql
# MAGIC CREATE OR REPLACE TEMP VIEW answer_9 AS
# MAGIC SELECT join_year, age_group, percentile(follower_count, 0.5) AS median_follower_count
# MAGIC FROM owned
# MAGIC WHERE join_year BETWEEN 2015 AND 2020 AND age_group IS NOT NULL
# MAGIC GROUP BY join_year, age_group;
# MAGIC
# MAGIC SELECT * FROM answer_9 ORDER BY join_year, age_group = '+50', age_group

# COMMAND ----------

# MAGIC %md
# MAGIC ## A chart
# MAGIC `make notebook` opens this notebook in a browser, where the figure is seen. A terminal shows none.

# COMMAND ----------

# DBTITLE 1,Answer 7 as a chart
import matplotlib.pyplot as plt

joined = spark.table("answer_7").orderBy("join_year").toPandas()
figure, axes = plt.subplots(figsize=(7, 3))
axes.bar(joined.join_year.astype(str), joined.number_users_joined)
axes.set_title("Users that joined in each year")
display(figure)
