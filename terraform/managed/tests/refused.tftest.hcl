# Values that no plan is made of.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  user_id = "0a1b2c3d4e5f"
}

run "names" {
  command = plan
  variables {
    user_id         = "Ada"
    region          = "here"
    image_tag       = "no tag"
    sink_plugin_key = "/plugin.jar"
  }
  expect_failures = [var.user_id, var.region, var.image_tag, var.sink_plugin_key]
}

run "choices" {
  command = plan
  variables {
    egress                   = "both"
    kafka                    = "redpanda"
    kafka_instance_type      = "t3.small"
    airflow_class            = "small"
    airflow_version          = "2.10.3"
    airflow_webserver_access = "PUBLIC"
  }
  expect_failures = [
    var.egress, var.kafka, var.kafka_instance_type, var.airflow_class, var.airflow_version, var.airflow_webserver_access,
  ]
}

run "numbers" {
  command = plan
  variables {
    zones            = 1
    vpc_cidr         = "10.20.0.0/24"
    kafka_storage_gb = 0
    sink_flush_size  = 0
    sink_rotate_ms   = 500
    rest_proxy_tasks = -1
    log_days         = 2
  }
  expect_failures = [
    var.zones, var.vpc_cidr, var.kafka_storage_gb, var.sink_flush_size, var.sink_rotate_ms, var.rest_proxy_tasks, var.log_days,
  ]
}

run "airflow_without_a_way_out" {
  command = plan
  variables {
    postgres_host = "postgres.example.org"
    egress        = "endpoints"
  }
  expect_failures = [var.postgres_host]
}
