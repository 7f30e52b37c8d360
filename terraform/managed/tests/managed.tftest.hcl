# Without AWS: what a resource would be given by it is made up here.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"] }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\": \"2012-10-17\", \"Statement\": []}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made-up" }
  }
  mock_resource "aws_msk_serverless_cluster" {
    defaults = {
      arn                        = "arn:aws:kafka:us-east-1:123456789012:cluster/pinterest-0a1b2c3d4e5f/11111111-2222-3333-4444-555555555555-s1"
      bootstrap_brokers_sasl_iam = "boot-abcd1234.c1.kafka-serverless.us-east-1.amazonaws.com:9098"
    }
  }
  mock_resource "aws_msk_cluster" {
    defaults = {
      arn                        = "arn:aws:kafka:us-east-1:123456789012:cluster/pinterest-0a1b2c3d4e5f/66666666-7777-8888-9999-000000000000-7"
      bootstrap_brokers_sasl_iam = "b-1.made.up.kafka.us-east-1.amazonaws.com:9098,b-2.made.up.kafka.us-east-1.amazonaws.com:9098"
    }
  }
  mock_resource "aws_msk_configuration" {
    defaults = { arn = "arn:aws:kafka:us-east-1:123456789012:configuration/made-up/1" }
  }
  mock_resource "aws_mskconnect_custom_plugin" {
    defaults = { arn = "arn:aws:kafkaconnect:us-east-1:123456789012:custom-plugin/made-up/1" }
  }
  mock_resource "aws_mskconnect_worker_configuration" {
    defaults = { arn = "arn:aws:kafkaconnect:us-east-1:123456789012:worker-configuration/made-up/1" }
  }
  mock_resource "aws_lb" {
    defaults = {
      arn      = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/made-up/1"
      dns_name = "0a1b2c3d4e5f-0123456789abcdef.elb.us-east-1.amazonaws.com"
    }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/made-up/1" }
  }
  mock_resource "aws_api_gateway_vpc_link" {
    defaults = { id = "a1b2c3" }
  }
  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:us-east-1:123456789012:cluster/made-up" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = {
      arn                  = "arn:aws:ecs:us-east-1:123456789012:task-definition/made-up:1"
      arn_without_revision = "arn:aws:ecs:us-east-1:123456789012:task-definition/made-up"
    }
  }
  mock_resource "aws_ecr_repository" {
    defaults = {
      arn            = "arn:aws:ecr:us-east-1:123456789012:repository/made-up"
      repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/made-up"
    }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:pinterest-0a1b2c3d4e5f/postgres-AbCdEf" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:made-up" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::pinterest-0a1b2c3d4e5f-airflow" }
  }
}

variables {
  user_id = "0a1b2c3d4e5f"
}

run "serverless" {
  command = apply

  assert {
    condition     = length(aws_msk_serverless_cluster.pipeline) == 1 && length(aws_msk_cluster.pipeline) == 0
    error_message = "kafka is serverless by default"
  }
  assert {
    condition     = aws_msk_serverless_cluster.pipeline[0].client_authentication[0].sasl[0].iam[0].enabled
    error_message = "clients log in to MSK by IAM"
  }
  assert {
    condition     = aws_msk_serverless_cluster.pipeline[0].vpc_config[0].security_group_ids == toset([aws_security_group.group["kafka"].id])
    error_message = "MSK Serverless is in Kafka's group alone"
  }
  assert {
    condition     = length(aws_msk_serverless_cluster.pipeline[0].vpc_config[0].subnet_ids) == 2
    error_message = "MSK Serverless has a subnet in each zone"
  }
  assert {
    condition     = length(aws_mwaa_environment.pipeline) + length(aws_secretsmanager_secret.postgres) + length(aws_s3_bucket.airflow) == 0
    error_message = "without postgres_host nothing of Airflow's is made"
  }
  assert {
    condition     = keys(aws_ecr_repository.image) == ["app"] && aws_ecr_repository.image["app"].encryption_configuration[0].encryption_type == "AES256"
    error_message = "the REST proxy's image is kept encrypted"
  }
}

run "provisioned" {
  command = apply
  variables {
    kafka            = "provisioned"
    zones            = 3
    kafka_storage_gb = 30
  }

  assert {
    condition     = length(aws_msk_serverless_cluster.pipeline) == 0 && aws_msk_cluster.pipeline[0].number_of_broker_nodes == 3
    error_message = "a provisioned MSK has a broker in each zone"
  }
  assert {
    condition     = aws_msk_cluster.pipeline[0].client_authentication[0].sasl[0].iam && !aws_msk_cluster.pipeline[0].client_authentication[0].unauthenticated
    error_message = "clients log in to MSK by IAM, and none is let in without"
  }
  assert {
    condition = (
      aws_msk_cluster.pipeline[0].encryption_info[0].encryption_in_transit[0].client_broker == "TLS" &&
      aws_msk_cluster.pipeline[0].encryption_info[0].encryption_in_transit[0].in_cluster
    )
    error_message = "MSK is spoken to over TLS alone, and its brokers speak it to each other"
  }
  assert {
    condition     = aws_msk_cluster.pipeline[0].broker_node_group_info[0].connectivity_info[0].public_access[0].type == "DISABLED"
    error_message = "MSK is not on the internet"
  }
  assert {
    condition     = aws_msk_cluster.pipeline[0].broker_node_group_info[0].security_groups == toset([aws_security_group.group["kafka"].id])
    error_message = "a provisioned MSK is in Kafka's group alone"
  }
  assert {
    condition     = aws_msk_cluster.pipeline[0].broker_node_group_info[0].storage_info[0].ebs_storage_info[0].volume_size == 30
    error_message = "kafka_storage_gb is the volume of each broker"
  }
  assert {
    condition     = strcontains(aws_msk_configuration.pipeline[0].server_properties, "auto.create.topics.enable=false")
    error_message = "no client makes a topic by a typing error"
  }
  assert {
    condition     = aws_mskconnect_connector.sink.kafka_cluster[0].apache_kafka_cluster[0].bootstrap_servers == aws_msk_cluster.pipeline[0].bootstrap_brokers_sasl_iam
    error_message = "the sink finds the brokers' listener for IAM"
  }
  assert {
    condition     = strcontains(aws_iam_role_policy.rest_proxy.policy, "topic/pinterest-0a1b2c3d4e5f/66666666-7777-8888-9999-000000000000-7/0a1b2c3d4e5f.pin")
    error_message = "rights name the topics of this very cluster"
  }
}

run "connector" {
  command = apply

  assert {
    condition = aws_mskconnect_connector.sink.connector_configuration == tomap({
      "connector.class"                = "io.confluent.connect.s3.S3SinkConnector"
      "tasks.max"                      = "1"
      "topics.regex"                   = "0a1b2c3d4e5f\\.(pin|geo|user)"
      "flush.size"                     = "1000"
      "rotate.schedule.interval.ms"    = "60000"
      "timezone"                       = "UTC"
      "s3.bucket.name"                 = "user-0a1b2c3d4e5f-bucket"
      "s3.region"                      = "us-east-1"
      "topics.dir"                     = "topics"
      "storage.class"                  = "io.confluent.connect.s3.storage.S3Storage"
      "format.class"                   = "io.confluent.connect.s3.format.json.JsonFormat"
      "partitioner.class"              = "io.confluent.connect.storage.partitioner.DefaultPartitioner"
      "schema.compatibility"           = "NONE"
      "key.converter"                  = "org.apache.kafka.connect.storage.StringConverter"
      "value.converter"                = "org.apache.kafka.connect.json.JsonConverter"
      "value.converter.schemas.enable" = "false"
    })
    error_message = "the connector's properties are those of docs/contracts.md"
  }
  assert {
    condition     = aws_mskconnect_connector.sink.kafka_cluster_client_authentication[0].authentication_type == "IAM" && aws_mskconnect_connector.sink.kafka_cluster_encryption_in_transit[0].encryption_type == "TLS"
    error_message = "the sink logs in by IAM, over TLS"
  }
  assert {
    condition = (
      aws_mskconnect_custom_plugin.sink.location[0].s3[0].bucket_arn == "arn:aws:s3:::user-0a1b2c3d4e5f-bucket" &&
      aws_mskconnect_custom_plugin.sink.location[0].s3[0].file_key == "kafka-connect-s3/confluentinc-kafka-connect-s3.zip"
    )
    error_message = "the plugin is the zip in the pipeline's bucket"
  }
  assert {
    condition     = aws_mskconnect_worker_configuration.sink.properties_file_content == "key.converter=org.apache.kafka.connect.storage.StringConverter\nvalue.converter=org.apache.kafka.connect.json.JsonConverter\nvalue.converter.schemas.enable=false\n"
    error_message = "the workers convert as the connector does"
  }
  assert {
    condition     = aws_mskconnect_connector.sink.log_delivery[0].worker_log_delivery[0].cloudwatch_logs[0].log_group == "/pinterest-0a1b2c3d4e5f/connect"
    error_message = "the workers' logs are kept"
  }
}

run "private" {
  command = apply

  assert {
    condition     = aws_lb.rest_proxy.internal && aws_lb.rest_proxy.load_balancer_type == "network"
    error_message = "the REST proxy's load balancer is not on the internet"
  }
  assert {
    condition     = aws_lb.rest_proxy.enforce_security_group_inbound_rules_on_private_link_traffic == "off"
    error_message = "the VPC link reaches the load balancer, whose group lets nobody in"
  }
  assert {
    condition     = !aws_ecs_service.rest_proxy.network_configuration[0].assign_public_ip
    error_message = "the REST proxy has no public address"
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.between : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.referenced_security_group_id != null])
    error_message = "only groups are let in, no addresses"
  }
  assert {
    condition = toset(keys(aws_vpc_security_group_ingress_rule.between)) == toset([
      "rest_proxy to kafka", "connect to kafka", "balancer to rest_proxy",
    ])
    error_message = "these are let in, and nobody else"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.between["connect to kafka"].from_port == 9098 && aws_vpc_security_group_ingress_rule.between["connect to kafka"].to_port == 9098
    error_message = "Kafka is reached at its listener for IAM alone"
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.map_public_ip_on_launch != true])
    error_message = "nothing in a private subnet has a public address"
  }
  assert {
    condition     = length(aws_nat_gateway.pipeline) == 1 && length(aws_vpc_endpoint.interface) == 0
    error_message = "there is one NAT gateway by default"
  }
}

run "without_internet" {
  command = apply
  variables {
    egress = "endpoints"
  }

  assert {
    condition     = length(aws_nat_gateway.pipeline) + length(aws_internet_gateway.pipeline) + length(aws_eip.nat) + length(aws_subnet.public) == 0
    error_message = "with endpoints there is no way to the internet"
  }
  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ecr.api", "ecr.dkr", "logs", "secretsmanager"])
    error_message = "Fargate pulls images and logs by endpoints"
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.https) == 0 && aws_vpc_security_group_ingress_rule.between["rest_proxy to endpoints"].to_port == 443
    error_message = "tasks go to the endpoints and nowhere else"
  }
}

run "rights" {
  command = apply

  assert {
    condition     = alltrue([for statement in concat(local.connect_statements, local.rest_proxy_statements, local.topics_statements) : alltrue([for arn in statement.Resource : arn != "*"])])
    error_message = "no task may do something to everything"
  }
  assert {
    condition     = alltrue([for statement in concat(local.connect_statements, local.rest_proxy_statements, local.topics_statements, local.execution_statements) : alltrue([for action in statement.Action : !strcontains(action, "*")])])
    error_message = "every right is named"
  }
  assert {
    condition = local.rest_proxy_statements[1].Resource == [
      for topic in ["0a1b2c3d4e5f.pin", "0a1b2c3d4e5f.geo", "0a1b2c3d4e5f.user", "pinterest-batch", "pinterest-streaming"] :
      "arn:aws:kafka:us-east-1:123456789012:topic/pinterest-0a1b2c3d4e5f/11111111-2222-3333-4444-555555555555-s1/${topic}"
    ]
    error_message = "the REST proxy writes to the five topics"
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.rest_proxy.policy, "CreateTopic") && !strcontains(aws_iam_role_policy.rest_proxy.policy, "ReadData") && !strcontains(aws_iam_role_policy.rest_proxy.policy, "s3:")
    error_message = "the REST proxy neither makes topics nor reads them, and has nothing to do with S3"
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.topics.policy, "WriteData")
    error_message = "what makes the topics does not write to them"
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.connect.policy, "DeleteObject")
    error_message = "the sink deletes nothing"
  }
  assert {
    condition     = try(jsondecode(aws_iam_role.connect.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"], "") == "123456789012"
    error_message = "MSK Connect takes the role for this account alone"
  }
}

run "containers" {
  command = apply
  variables {
    image_tag = "0.3.0"
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.task["rest-proxy"].container_definitions)[0].image == "123456789012.dkr.ecr.us-east-1.amazonaws.com/made-up:0.3.0"
    error_message = "image_tag is the tag of the images"
  }
  assert {
    condition = { for each in jsondecode(aws_ecs_task_definition.task["rest-proxy"].container_definitions)[0].environment : each.name => each.value } == {
      PIPELINE_ENVIRONMENT    = "composed"
      PIPELINE_SERVICE        = "rest-proxy"
      USER_ID                 = "0a1b2c3d4e5f"
      AWS_REGION              = "us-east-1"
      AWS_ENDPOINT_URL        = ""
      KAFKA_CLUSTER_ID        = "AAAAAAAAAAAAAAAAAAAAAA"
      KAFKA_BOOTSTRAP_SERVERS = "boot-abcd1234.c1.kafka-serverless.us-east-1.amazonaws.com:9098"
      KAFKA_SECURITY          = "iam"
      REST_PROXY_HOST         = "0.0.0.0"
      REST_PROXY_PORT         = "8082"
      ALLOWED_HOSTS           = "0a1b2c3d4e5f-0123456789abcdef.elb.us-east-1.amazonaws.com"
    }
    error_message = "the REST proxy has these settings"
  }
  assert {
    condition     = aws_lb_target_group.rest_proxy.health_check[0].path == "/health" && aws_lb_target_group.rest_proxy.health_check[0].protocol == "HTTP"
    error_message = "a REST proxy without Kafka gets no requests"
  }
}

run "airflow" {
  command = apply
  variables {
    postgres_host = "postgres.example.org"
    zones         = 3
  }

  assert {
    condition     = aws_mwaa_environment.pipeline[0].webserver_access_mode == "PRIVATE_ONLY"
    error_message = "Airflow's UI is not on the internet by default"
  }
  assert {
    condition     = length(aws_mwaa_environment.pipeline[0].network_configuration[0].subnet_ids) == 2
    error_message = "MWAA wants two subnets"
  }
  assert {
    condition = alltrue([
      for setting in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"] :
      aws_s3_bucket_public_access_block.airflow[0][setting]
    ])
    error_message = "Airflow's bucket is nobody else's"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.airflow[0].rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256" && aws_s3_bucket_versioning.airflow[0].versioning_configuration[0].status == "Enabled"
    error_message = "Airflow's bucket is encrypted and has versions"
  }
  assert {
    condition     = aws_s3_object.dag[0].key == "dags/pinterest_batch.py" && aws_mwaa_environment.pipeline[0].dag_s3_path == "dags/"
    error_message = "the DAG is where MWAA looks"
  }
  assert {
    condition = toset(keys(aws_mwaa_environment.pipeline[0].airflow_configuration_options)) == toset([
      "core.load_examples", "pinterest.region", "pinterest.cluster", "pinterest.task_definition",
      "pinterest.subnets", "pinterest.security_group", "pinterest.log_group",
    ])
    error_message = "the DAG finds what it starts"
  }
  assert {
    condition     = toset([for secret in jsondecode(aws_ecs_task_definition.task["batch"].container_definitions)[0].secrets : secret.name]) == toset(["BATCH_WRITER_PASSWORD", "ANALYST_PASSWORD"])
    error_message = "the batch run has its passwords from Secrets Manager"
  }
  assert {
    condition     = !anytrue([for each in jsondecode(aws_ecs_task_definition.task["batch"].container_definitions)[0].environment : strcontains(each.name, "PASSWORD") || strcontains(each.name, "SECRET")])
    error_message = "no secret stands in a task's definition"
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.batch[0].policy, "ReadData") && !strcontains(aws_iam_role_policy.batch[0].policy, "WriteData")
    error_message = "the batch run asks how far Kafka is, and reads nothing from it"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.between["batch to kafka"].to_port == 9098
    error_message = "the batch run reaches Kafka"
  }
  assert {
    condition = { for each in jsondecode(aws_ecs_task_definition.task["batch"].container_definitions)[0].environment : each.name => each.value } == {
      PIPELINE_ENVIRONMENT    = "composed"
      PIPELINE_SERVICE        = "batch-cleaner"
      USER_ID                 = "0a1b2c3d4e5f"
      AWS_REGION              = "us-east-1"
      AWS_ENDPOINT_URL        = ""
      KAFKA_CLUSTER_ID        = "AAAAAAAAAAAAAAAAAAAAAA"
      KAFKA_BOOTSTRAP_SERVERS = "boot-abcd1234.c1.kafka-serverless.us-east-1.amazonaws.com:9098"
      KAFKA_SECURITY          = "iam"
      POSTGRES_HOST           = "postgres.example.org"
      POSTGRES_PORT           = "5432"
      SPARK_MASTER            = "local[*]"
    }
    error_message = "the batch run has these settings"
  }
  assert {
    condition     = aws_iam_role_policy_attachment.batch[0].policy_arn == "arn:aws:iam::123456789012:policy/pinterest-0a1b2c3d4e5f-batch"
    error_message = "the batch run has the rights that terraform/shared states"
  }
  assert {
    condition     = one([for statement in local.dag_statements : statement.Condition.StringEquals if statement.Action == ["iam:PassRole"]]) == { "iam:PassedToService" = "ecs-tasks.amazonaws.com" }
    error_message = "the DAG hands its roles to ECS alone"
  }
  assert {
    condition     = alltrue([for statement in local.dag_statements : alltrue([for arn in statement.Resource : arn != "*"])])
    error_message = "the DAG starts the batch run and nothing else"
  }
  assert {
    condition     = local.execution_statements[3].Resource == [aws_secretsmanager_secret.postgres[0].arn]
    error_message = "ECS may read the one secret"
  }
}

run "dotenv" {
  command = apply

  assert {
    condition     = output.dotenv == "API_REST_PROXY_URL=http://0a1b2c3d4e5f-0123456789abcdef.elb.us-east-1.amazonaws.com:8082\nKAFKA_BOOTSTRAP_SERVERS=boot-abcd1234.c1.kafka-serverless.us-east-1.amazonaws.com:9098\nKAFKA_SECURITY=iam\nS3_SINK_ENABLED=False\n"
    error_message = "dotenv is what a machine inside the VPC needs"
  }
  assert {
    condition     = output.shared_tfvars == "rest_proxy_url = \"http://0a1b2c3d4e5f-0123456789abcdef.elb.us-east-1.amazonaws.com:8082\"\nvpc_link_id    = \"a1b2c3\"\n"
    error_message = "terraform/shared finds the REST proxy here"
  }
}
