# MWAA makes its own, and leaves them behind.
resource "aws_cloudwatch_log_group" "part" {
  for_each = toset(concat(["kafka", "connect", "rest-proxy"], local.with_airflow ? ["batch"] : []))

  name              = "/${local.name}/${each.key}"
  retention_in_days = var.log_days
}
