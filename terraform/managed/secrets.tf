# The only secrets: Kafka, S3 and Kinesis know each task by its role. Their values are put there by hand, so that
# Terraform's state has none.
resource "aws_secretsmanager_secret" "postgres" {
  count                   = local.with_airflow ? 1 : 0
  name                    = "${local.name}/postgres"
  description             = "BATCH_WRITER_PASSWORD and ANALYST_PASSWORD of .env, as JSON"
  recovery_window_in_days = var.force_destroy ? 0 : 7
}
