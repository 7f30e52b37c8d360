# What each job may do, and nothing else: a test compares it with the calls that the jobs make. In an ARN a star stands
# for what is not known before: the id of an API, the keys below a prefix, the streams of the API's callers.
locals {
  account     = data.aws_caller_identity.current.account_id
  partition   = data.aws_partition.current.partition
  bucket_arn  = "arn:${local.partition}:s3:::user-${var.user_id}-bucket"
  stream_arn  = "arn:${local.partition}:kinesis:${var.region}:${local.account}:stream/streaming-${var.user_id}-"
  stream_arns = [for table in ["pin", "geo", "user"] : "${local.stream_arn}${table}"]
  apis_arn    = "arn:${local.partition}:apigateway:${var.region}::/restapis"

  statements = {
    # Without API_URL, to ask for the invoke URL; with it the emulator needs no right.
    emulator = [
      { Effect = "Allow", Action = ["apigateway:GET"], Resource = [local.apis_arn] },
    ]
    # Who may not list a bucket is told of a missing object that it is forbidden, so all that look for one may.
    batch = [
      { Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.bucket_arn] },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = ["${local.bucket_arn}/topics/*", "${local.bucket_arn}/checkpoints/bucket.json"]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = ["${local.bucket_arn}/checkpoints/batch/progress.json"]
      },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = ["${local.bucket_arn}/delta_tables/cleaned/*"]
      },
      # Tables of an earlier version are moved from there.
      { Effect = "Allow", Action = ["s3:GetObject", "s3:DeleteObject"], Resource = ["${local.bucket_arn}/delta_tables/transformed/*"] },
    ]
    sink = [
      { Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.bucket_arn] },
      { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = ["${local.bucket_arn}/topics/*"] },
    ]
    streaming = [
      {
        Effect   = "Allow"
        Action   = ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"]
        Resource = local.stream_arns
      },
      { Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.bucket_arn] },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = [for folder in ["checkpoints", "delta_tables"] : "${local.bucket_arn}/${folder}/streaming/*"]
      },
    ]
    provision = [
      { Effect = "Allow", Action = ["s3:CreateBucket", "s3:ListBucket"], Resource = [local.bucket_arn] },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = [for name in ["bucket", "batch/progress"] : "${local.bucket_arn}/checkpoints/${name}.json"]
      },
      { Effect = "Allow", Action = ["s3:PutObject"], Resource = ["${local.bucket_arn}/checkpoints/bucket.json"] },
      {
        Effect   = "Allow"
        Action   = ["kinesis:CreateStream", "kinesis:DescribeStreamSummary"]
        Resource = local.stream_arns
      },
      { Effect = "Allow", Action = ["apigateway:GET"], Resource = [local.apis_arn, "${local.apis_arn}/*"] },
      { Effect = "Allow", Action = ["apigateway:POST"], Resource = [local.apis_arn, "${local.apis_arn}/*/deployments"] },
      { Effect = "Allow", Action = ["apigateway:PUT"], Resource = ["${local.apis_arn}/*"] },
      { Effect = "Allow", Action = ["iam:PassRole"], Resource = [aws_iam_role.api.arn] },
    ]
    # The API's callers may make, fill, read and remove streams of these names.
    api = [
      # Kinesis has no such right on single streams.
      { Effect = "Allow", Action = ["kinesis:ListStreams"], Resource = ["*"] },
      {
        Effect = "Allow"
        Action = [
          "kinesis:CreateStream", "kinesis:DescribeStream", "kinesis:DeleteStream",
          "kinesis:PutRecord", "kinesis:PutRecords", "kinesis:GetShardIterator", "kinesis:GetRecords",
        ]
        Resource = ["${local.stream_arn}*"]
      },
    ]
  }
  policies = { for job, statements in local.statements : job => jsonencode({ Version = "2012-10-17", Statement = statements }) }
}

# The role with which API Gateway calls Kinesis.
resource "aws_iam_role" "api" {
  name = "${var.user_id}-kinesis-access-role"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "apigateway.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "api" {
  name   = "kinesis"
  role   = aws_iam_role.api.id
  policy = local.policies.api
}

# For the users or roles that the jobs run as.
resource "aws_iam_policy" "job" {
  for_each = toset([for job in keys(local.policies) : job if job != "api"])

  name        = "pinterest-${var.user_id}-${each.key}"
  description = "What ${each.key} of the pipeline may do."
  policy      = local.policies[each.key]
}
