resource "aws_kinesis_stream" "table" {
  for_each = toset(["pin", "geo", "user"])

  name        = "streaming-${var.user_id}-${each.key}"
  shard_count = var.kinesis_shards

  stream_mode_details {
    stream_mode = "PROVISIONED"
  }
}
