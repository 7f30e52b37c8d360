output "dotenv" {
  description = "The lines of .env for a machine inside the VPC, beside those of terraform/shared."
  value = join("", [for name, value in {
    KAFKA_BOOTSTRAP_SERVERS = local.bootstrap_servers
    KAFKA_SECURITY          = "iam"
    API_REST_PROXY_URL      = local.rest_proxy_url
    # MSK Connect fills the bucket.
    S3_SINK_ENABLED = "False"
  } : "${name}=${value}\n"])
}

output "shared_tfvars" {
  description = "Variables of terraform/shared with which its API finds the REST proxy here."
  value       = <<-TFVARS
    rest_proxy_url = "${local.rest_proxy_url}"
    vpc_link_id    = "${aws_api_gateway_vpc_link.rest_proxy.id}"
  TFVARS
}

output "connector_properties" {
  description = "The S3 sink connector's properties, as make connector takes them."
  value       = local.connector_properties
}

output "images" {
  description = "Where to push which image, with its tag."
  value       = local.images
}

output "run_topics" {
  description = "What aws ecs run-task needs to make the topics."
  value       = <<-WORDS
    --cluster ${aws_ecs_cluster.pipeline.name} --launch-type FARGATE --task-definition ${aws_ecs_task_definition.task["topics"].family} --network-configuration awsvpcConfiguration={subnets=[${join(",", values(aws_subnet.private)[*].id)}],securityGroups=[${aws_security_group.group["rest_proxy"].id}],assignPublicIp=DISABLED}
  WORDS
}

output "secret" {
  description = "The secret that wants BATCH_WRITER_PASSWORD and ANALYST_PASSWORD; null without Airflow."
  value       = one(aws_secretsmanager_secret.postgres[*].name)
}

output "airflow_url" {
  description = "Airflow's UI; null without Airflow."
  value       = one(aws_mwaa_environment.pipeline[*].webserver_url)
}
