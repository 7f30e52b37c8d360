output "dotenv" {
  description = "The lines of .env with which the pipeline here uses what was made, the API's key among them."
  sensitive   = true
  value = join("", [for name, value in merge(
    {
      USER_ID        = var.user_id
      AWS_REGION     = var.region
      API_STAGE      = var.stage
      KINESIS_SHARDS = tostring(var.kinesis_shards)
    },
    # What the emulator shows an API that asks who sends.
    { for key in aws_api_gateway_api_key.caller[*].value : "API_KEY" => key },
    { for asked in [var.api_authorization] : "API_SIGNED" => "True" if asked == "iam" },
    # LocalStack's address is the default, another one in containers than on their host. The invoke URL is another there,
    # and the emulator asks for it.
    { for url in [aws_api_gateway_stage.pipeline.invoke_url] : "API_URL" => url if var.endpoint_url == "" },
    { for url in [var.endpoint_url] : "AWS_ENDPOINT_URL" => url if url == "" },
  ) : "${name}=${value}\n"])
}

output "api_key" {
  description = "What callers send in x-api-key, where api_authorization is api_key."
  sensitive   = true
  value       = one(aws_api_gateway_api_key.caller[*].value)
}

output "bucket" {
  description = "The bucket's name."
  value       = aws_s3_bucket.pipeline.bucket
}

output "api_id" {
  description = "The id of the REST API, for an authorizer or a domain of your own."
  value       = aws_api_gateway_rest_api.pipeline.id
}

output "role_arn" {
  description = "The role with which API Gateway calls Kinesis."
  value       = aws_iam_role.api.arn
}

output "policy_arns" {
  description = "The policy of each job, to attach to the user or role that it runs as."
  value       = { for job, policy in aws_iam_policy.job : job => policy.arn }
}

output "policies" {
  description = "What each job may do, as IAM's JSON."
  value       = local.policies
}
