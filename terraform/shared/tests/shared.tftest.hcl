# Without AWS: the provider is a mock, whose ARNs and ids are made up.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/0a1b2c3d4e5f-kinesis-access-role" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/made-up" }
  }
  mock_resource "aws_api_gateway_stage" {
    defaults = { invoke_url = "https://abcde12345.execute-api.eu-west-1.amazonaws.com/dev" }
  }
  mock_resource "aws_api_gateway_api_key" {
    defaults = { value = "made-up-key-of-20-chars" }
  }
}

variables {
  user_id        = "0a1b2c3d4e5f"
  region         = "eu-west-1"
  rest_proxy_url = "http://ec2.example:8082"
  stage          = "dev"
}

run "names_are_the_contract_s" {
  assert {
    condition     = aws_s3_bucket.pipeline.bucket == "user-0a1b2c3d4e5f-bucket"
    error_message = "The bucket is ${aws_s3_bucket.pipeline.bucket}."
  }
  assert {
    condition = toset([for stream in aws_kinesis_stream.table : stream.name]) == toset([
      "streaming-0a1b2c3d4e5f-pin", "streaming-0a1b2c3d4e5f-geo", "streaming-0a1b2c3d4e5f-user"
    ])
    error_message = "The streams have other names."
  }
  assert {
    condition     = aws_api_gateway_rest_api.pipeline.name == "pinterest-0a1b2c3d4e5f"
    error_message = "The emulator would not find the API."
  }
  assert {
    condition     = aws_iam_role.api.name == "0a1b2c3d4e5f-kinesis-access-role"
    error_message = "The role is ${aws_iam_role.api.name}."
  }
  assert {
    condition     = aws_api_gateway_stage.pipeline.stage_name == "dev"
    error_message = "The stage is ${aws_api_gateway_stage.pipeline.stage_name}."
  }
}

run "the_bucket_is_closed_and_encrypted" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.pipeline.block_public_acls,
      aws_s3_bucket_public_access_block.pipeline.block_public_policy,
      aws_s3_bucket_public_access_block.pipeline.ignore_public_acls,
      aws_s3_bucket_public_access_block.pipeline.restrict_public_buckets,
    ])
    error_message = "Something of the bucket may be public."
  }
  assert {
    condition     = one(aws_s3_bucket_ownership_controls.pipeline.rule).object_ownership == "BucketOwnerEnforced"
    error_message = "Objects may have ACLs."
  }
  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.pipeline.rule :
      one(rule.apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    ])
    error_message = "Objects are not encrypted."
  }
  assert {
    condition     = !aws_s3_bucket.pipeline.force_destroy
    error_message = "A bucket with data could be destroyed."
  }
  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.pipeline.rule : rule.id
    ] == ["abort-unfinished-uploads"]
    error_message = "Something expires that nobody asked to."
  }
}

run "objects_of_the_landing_zone_expire_where_it_is_asked" {
  variables {
    landing_days = 30
  }
  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.pipeline.rule :
      "${one(rule.filter).prefix} ${one(rule.expiration).days}" if rule.id == "expire-landing-zone"
    ] == ["topics/ 30"]
    error_message = "The landing zone's rule is another."
  }
}

run "streams_have_the_shards_that_are_set" {
  variables {
    kinesis_shards = 2
  }
  assert {
    condition     = alltrue([for stream in aws_kinesis_stream.table : stream.shard_count == 2])
    error_message = "KINESIS_SHARDS does not count."
  }
}

run "the_rest_proxy_is_reached_over_the_internet" {
  assert {
    condition     = !strcontains(aws_api_gateway_rest_api.pipeline.body, "connectionType")
    error_message = "There is a VPC link that nobody asked for."
  }
}

run "the_rest_proxy_is_reached_by_a_vpc_link" {
  variables {
    vpc_link_id = "a1b2c3"
  }
  assert {
    condition = {
      for path, methods in jsondecode(aws_api_gateway_rest_api.pipeline.body).paths : path => [
        for name, method in methods : "${name} ${method["x-amazon-apigateway-integration"].connectionId}"
        if try(method["x-amazon-apigateway-integration"].connectionType, "") == "VPC_LINK"
      ] if path == "/{proxy+}"
    } == { "/{proxy+}" = ["x-amazon-apigateway-any-method a1b2c3"] }
    error_message = "The REST proxy's path is not linked, or more than that is."
  }
  assert {
    condition = !anytrue(flatten([
      for path, methods in jsondecode(aws_api_gateway_rest_api.pipeline.body).paths : [
        for method in methods : can(method["x-amazon-apigateway-integration"].connectionType)
      ] if path != "/{proxy+}"
    ]))
    error_message = "Kinesis is called by the VPC link."
  }
}

run "policies_allow_by_name" {
  assert {
    condition = !anytrue(flatten([
      for policy in local.policies : [for each in jsondecode(policy).Statement : [
        for action in each.Action : strcontains(action, "*")
      ]]
    ]))
    error_message = "A policy allows actions by a star."
  }
  assert {
    condition = sort(distinct(flatten([
      for job, policy in local.policies : [for each in jsondecode(policy).Statement : [
        for resource in each.Resource : "${job} ${join(" ", each.Action)}" if resource == "*"
      ]]
    ]))) == tolist(["api kinesis:ListStreams"])
    error_message = "A policy allows something on all resources, which AWS asks for with kinesis:ListStreams alone."
  }
  assert {
    condition = alltrue(flatten([
      for policy in local.policies : [for each in jsondecode(policy).Statement : [
        for resource in each.Resource :
        strcontains(resource, "0a1b2c3d4e5f") || strcontains(resource, ":apigateway:eu-west-1::/restapis")
        if resource != "*"
      ]]
    ]))
    error_message = "A policy allows something on what is not this user's."
  }
  assert {
    condition = [for each in jsondecode(aws_iam_role.api.assume_role_policy).Statement : each.Principal] == [
      { Service = "apigateway.amazonaws.com" }
    ]
    error_message = "Others than API Gateway may assume its role."
  }
  assert {
    condition = !anytrue(flatten([
      for policy in local.policies : [for each in jsondecode(policy).Statement : [
        for resource in each.Resource : endswith(resource, "/delta_tables/*") || endswith(resource, "/checkpoints/*")
      ]]
    ]))
    error_message = "A job has rights to the tables or checkpoints of the others."
  }
  assert {
    condition     = toset(keys(aws_iam_policy.job)) == toset(["batch", "emulator", "provision", "sink", "streaming"])
    error_message = "There are other policies."
  }
}

run "the_api_is_that_of_provisioning" {
  assert {
    condition = toset([
      for path, methods in jsondecode(aws_api_gateway_rest_api.pipeline.body).paths : path
      ]) == toset([
      "/{proxy+}", "/streams", "/streams/{stream-name}", "/streams/{stream-name}/record",
      "/streams/{stream-name}/records", "/streams/{stream-name}/sharditerator"
    ])
    error_message = "The API has other paths."
  }
  assert {
    condition = (
      jsondecode(aws_api_gateway_rest_api.pipeline.body).paths["/{proxy+}"]["x-amazon-apigateway-any-method"]
      ["x-amazon-apigateway-integration"].uri == "http://ec2.example:8082/{proxy}"
    )
    error_message = "The REST proxy is elsewhere."
  }
  assert {
    condition = (
      jsondecode(aws_api_gateway_rest_api.pipeline.body).paths["/streams/{stream-name}/records"].put
      ["x-amazon-apigateway-integration"].credentials == aws_iam_role.api.arn
    )
    error_message = "API Gateway calls Kinesis as somebody else."
  }
  assert {
    condition     = !strcontains(aws_api_gateway_rest_api.pipeline.body, "\"security\"")
    error_message = "The API asks for authorisation that nobody asked for."
  }
  assert {
    condition = output.dotenv == join("\n", [
      "API_STAGE=dev",
      "API_URL=https://abcde12345.execute-api.eu-west-1.amazonaws.com/dev",
      "AWS_ENDPOINT_URL=",
      "AWS_REGION=eu-west-1",
      "KINESIS_SHARDS=1",
      "USER_ID=0a1b2c3d4e5f",
      "",
    ])
    error_message = "The lines of .env are others."
  }
}

run "an_api_key_is_asked_for" {
  variables {
    api_authorization = "api_key"
  }
  assert {
    condition = alltrue(flatten([
      for methods in jsondecode(aws_api_gateway_rest_api.pipeline.body).paths : [
        for name, method in methods : try(method.security, null) == (name == "options" ? null : [{ api_key = [] }])
      ]
    ]))
    error_message = "A method does without the key, or the preflight asks for it."
  }
  assert {
    condition = (
      jsondecode(aws_api_gateway_rest_api.pipeline.body).components.securitySchemes.api_key.name == "x-api-key"
    )
    error_message = "API Gateway would not know what the key is."
  }
  assert {
    condition     = output.api_key == "made-up-key-of-20-chars"
    error_message = "Callers would not get the key."
  }
  assert {
    condition     = startswith(output.dotenv, "API_KEY=made-up-key-of-20-chars\nAPI_STAGE=")
    error_message = "The emulator would not get the key."
  }
}

run "a_signature_is_asked_for" {
  variables {
    api_authorization = "iam"
  }
  assert {
    condition = alltrue(flatten([
      for methods in jsondecode(aws_api_gateway_rest_api.pipeline.body).paths : [
        for name, method in methods : try(method.security, null) == (name == "options" ? null : [{ iam = [] }])
      ]
    ]))
    error_message = "A method does without a signature, or the preflight asks for it."
  }
  assert {
    condition = (
      jsondecode(aws_api_gateway_rest_api.pipeline.body).components.securitySchemes.iam
      ["x-amazon-apigateway-authtype"] == "awsSigv4"
    )
    error_message = "API Gateway would not know the signature."
  }
  assert {
    condition     = length(aws_api_gateway_api_key.caller) == 0
    error_message = "There is a key that nothing asks for."
  }
  assert {
    condition     = startswith(output.dotenv, "API_SIGNED=True\nAPI_STAGE=") && !strcontains(output.dotenv, "API_KEY")
    error_message = "The emulator would not sign."
  }
}

run "at_localstack_addresses_are_the_defaults" {
  variables {
    endpoint_url = "http://127.0.0.1:4566"
  }
  assert {
    condition     = !strcontains(output.dotenv, "API_URL") && !strcontains(output.dotenv, "AWS_ENDPOINT_URL")
    error_message = "The lines of .env are those of AWS, or have an address that containers do not reach."
  }
}

run "values_that_cannot_be_are_refused" {
  command = plan
  variables {
    user_id           = "Ada_L"
    region            = "here"
    rest_proxy_url    = "http://ec2.example:8082/"
    vpc_link_id       = "vpclink/1"
    kinesis_shards    = 0
    stage             = "dev-1"
    api_authorization = "cognito"
    landing_days      = -1
    endpoint_url      = "localhost"
  }
  expect_failures = [
    var.user_id, var.region, var.rest_proxy_url, var.vpc_link_id, var.kinesis_shards,
    var.stage, var.api_authorization, var.landing_days, var.endpoint_url,
  ]
}
