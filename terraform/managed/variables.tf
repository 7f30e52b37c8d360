variable "user_id" {
  description = "USER_ID of .env: whatever is made here is named after it."
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

variable "vpc_cidr" {
  description = "The addresses of the VPC, a /16 to a /20; each zone gets a sixteenth of them, and a small public part where there is a NAT gateway."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 8, 255)) && can(regex("/(1[6-9]|20)$", var.vpc_cidr))
    error_message = "vpc_cidr should be a range of IPv4 addresses from a /16 to a /20, such as 10.20.0.0/16."
  }
}

variable "zones" {
  description = "In how many availability zones there are subnets. MSK Serverless and MWAA want two, a provisioned MSK has a broker in each."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3], var.zones)
    error_message = "zones should be 2 or 3."
  }
}

variable "egress" {
  description = "How the tasks reach AWS's services: nat (one NAT gateway; the internet too) or endpoints (interface endpoints in each zone; nothing else). docs/aws-costs.md compares them."
  type        = string
  default     = "nat"

  validation {
    condition     = contains(["nat", "endpoints"], var.egress)
    error_message = "egress should be nat or endpoints."
  }
}

variable "kafka" {
  description = "serverless (MSK Serverless: nothing to size) or provisioned (a broker in each zone)."
  type        = string
  default     = "serverless"

  validation {
    condition     = contains(["serverless", "provisioned"], var.kafka)
    error_message = "kafka should be serverless or provisioned."
  }
}

variable "kafka_version" {
  description = "The version of a provisioned MSK."
  type        = string
  default     = "3.8.x"
}

variable "kafka_instance_type" {
  description = "The broker's instance of a provisioned MSK."
  type        = string
  default     = "kafka.t3.small"

  validation {
    condition     = startswith(var.kafka_instance_type, "kafka.")
    error_message = "kafka_instance_type should be one of MSK's, such as kafka.t3.small."
  }
}

variable "kafka_storage_gb" {
  description = "The volume of each broker of a provisioned MSK, in GiB. The five topics keep up to KAFKA_RETENTION_BYTES (4 GiB) each."
  type        = number
  default     = 25

  validation {
    condition     = var.kafka_storage_gb >= 1 && var.kafka_storage_gb <= 16384 && floor(var.kafka_storage_gb) == var.kafka_storage_gb
    error_message = "kafka_storage_gb should be a whole number from 1 to 16384."
  }
}

variable "sink_plugin_key" {
  description = "Where in the pipeline's bucket the zip of Confluent's S3 sink connector is, which you upload there first."
  type        = string
  default     = "kafka-connect-s3/confluentinc-kafka-connect-s3.zip"

  validation {
    condition     = can(regex("^[^/].*[.]zip$", var.sink_plugin_key))
    error_message = "sink_plugin_key should be the key of a zip in the pipeline's bucket, without a slash at its start."
  }
}

variable "sink_flush_size" {
  description = "flush.size of the connector: an object has so many records, or fewer after sink_rotate_ms. The course has 1."
  type        = number
  default     = 1000

  validation {
    condition     = var.sink_flush_size >= 1 && floor(var.sink_flush_size) == var.sink_flush_size
    error_message = "sink_flush_size should be a whole number, 1 or more."
  }
}

variable "sink_rotate_ms" {
  description = "rotate.schedule.interval.ms of the connector: an object is closed at the latest after so many milliseconds."
  type        = number
  default     = 60000

  validation {
    condition     = var.sink_rotate_ms >= 1000 && floor(var.sink_rotate_ms) == var.sink_rotate_ms
    error_message = "sink_rotate_ms should be a whole number of milliseconds, 1000 or more."
  }
}

variable "image_tag" {
  description = "The tag of the images that you push into the two repositories made here."
  type        = string
  default     = "latest"

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.image_tag))
    error_message = "image_tag should be a tag of a container image."
  }
}

variable "rest_proxy_tasks" {
  description = "How many REST proxies run; 0 stops them."
  type        = number
  default     = 1

  validation {
    condition     = var.rest_proxy_tasks >= 0 && floor(var.rest_proxy_tasks) == var.rest_proxy_tasks
    error_message = "rest_proxy_tasks should be a whole number, 0 or more."
  }
}

variable "postgres_host" {
  description = "A Postgres that the VPC reaches, where Airflow's batch run serves its rows. Empty: no Airflow; make batch runs on your machine."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)?$", var.postgres_host))
    error_message = "postgres_host should be empty, a host's name or its IPv4 address."
  }

  validation {
    condition     = var.postgres_host == "" || var.egress == "nat"
    error_message = "MWAA reaches its own queue and its logs through a NAT gateway: with postgres_host, egress should be nat."
  }
}

variable "airflow_version" {
  description = "MWAA's version of Airflow."
  type        = string
  default     = "3.0.6"

  validation {
    condition     = can(regex("^3[.][0-9]+[.][0-9]+$", var.airflow_version))
    error_message = "airflow_version should be a version of Airflow 3 that MWAA has, such as 3.0.6."
  }
}

variable "airflow_class" {
  description = "MWAA's environment class. The batch run itself is a task of ECS, so a small one does."
  type        = string
  default     = "mw1.small"

  validation {
    condition     = can(regex("^mw1[.](micro|small|medium|large|xlarge|2xlarge)$", var.airflow_class))
    error_message = "airflow_class should be a class of MWAA, such as mw1.small."
  }
}

variable "airflow_webserver_access" {
  description = "PRIVATE_ONLY (Airflow's UI is in the VPC alone) or PUBLIC_ONLY (on the internet, behind a login by IAM)."
  type        = string
  default     = "PRIVATE_ONLY"

  validation {
    condition     = contains(["PRIVATE_ONLY", "PUBLIC_ONLY"], var.airflow_webserver_access)
    error_message = "airflow_webserver_access should be PRIVATE_ONLY or PUBLIC_ONLY."
  }
}

variable "log_days" {
  description = "How long CloudWatch keeps the logs."
  type        = number
  default     = 7

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.log_days)
    error_message = "log_days should be one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365."
  }
}

variable "force_destroy" {
  description = "Whether terraform destroy removes the images, Airflow's bucket and the secret with what is in them; else it refuses where there is anything, and the secret can be had back for 7 days."
  type        = bool
  default     = false
}
