variable "user_id" {
  description = "USER_ID of .env: bucket, streams, API, role and policies are named after it."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{4,32}$", var.user_id))
    error_message = "user_id should be 4 to 32 lower-case letters and digits, as USER_ID in .env."
  }
}

variable "region" {
  description = "AWS_REGION of .env."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region should be a region of AWS, such as us-east-1."
  }
}

variable "rest_proxy_url" {
  description = "Where API Gateway finds the REST proxy: an address that AWS reaches, such as http://ec2-203-0-113-7.compute-1.amazonaws.com:8082."
  type        = string

  validation {
    condition     = can(regex("^https?://[^/?#[:space:]$%]+$", var.rest_proxy_url))
    error_message = "rest_proxy_url should be an http or https address without a path or a slash at its end."
  }
}

variable "vpc_link_id" {
  description = "The VPC link by which API Gateway reaches the REST proxy, as terraform/managed makes it. Empty: over the internet."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9]*$", var.vpc_link_id))
    error_message = "vpc_link_id should be empty, or the id of a VPC link of API Gateway."
  }
}

variable "kinesis_shards" {
  description = "KINESIS_SHARDS of .env: each shard of a stream takes 1,000 records or 1 MB a second."
  type        = number
  default     = 1

  validation {
    condition     = var.kinesis_shards >= 1 && floor(var.kinesis_shards) == var.kinesis_shards
    error_message = "kinesis_shards should be a whole number, 1 or more."
  }
}

variable "stage" {
  description = "API_STAGE of .env."
  type        = string
  default     = "test"

  validation {
    condition     = can(regex("^[a-zA-Z0-9_]{1,128}$", var.stage))
    error_message = "stage should be 1 to 128 letters, digits and underscores."
  }
}

variable "api_authorization" {
  description = "Who may call the API: none (anyone who knows its URL), api_key (who sends the key in x-api-key), iam (who signs as a user or role that may invoke it)."
  type        = string
  default     = "none"

  validation {
    condition     = contains(["none", "api_key", "iam"], var.api_authorization)
    error_message = "api_authorization should be none, api_key or iam."
  }
}

variable "landing_days" {
  description = "Days after which objects of the landing zone expire; 0 keeps them. A rebuild of the tables reads all of them, so fewer days than Kafka's retention lose records."
  type        = number
  default     = 0

  validation {
    condition     = var.landing_days >= 0 && floor(var.landing_days) == var.landing_days
    error_message = "landing_days should be a whole number, 0 (keep) or more."
  }
}

variable "force_destroy" {
  description = "Whether terraform destroy removes the bucket with all that is in it; else it refuses where there is anything."
  type        = bool
  default     = false
}

variable "endpoint_url" {
  description = "LocalStack's address; empty for AWS itself."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(https?://[^[:space:]]+)?$", var.endpoint_url))
    error_message = "endpoint_url should be empty, or an http or https address."
  }
}
