"""The REST API's definition: what AWS asks of such a document, beyond what LocalStack would notice."""

import re
from pathlib import Path
from typing import Any

import pytest

from common.api import url_of
from common.settings import Settings
from services.provision.api_definition import definition
from stack.local.isolated import make_settings

ROLE = "arn:aws:iam::123456789012:role/gateway"


@pytest.fixture
def aws(tmp_path: Path) -> Settings:
    return make_settings(
        tmp_path,
        AWS_ENDPOINT_URL="",
        AWS_REGION="eu-west-1",
        API_ROLE_ARN=ROLE,
        API_REST_PROXY_URL="http://ec2.example:8082",
    )


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, method): body
        for path, methods in document["paths"].items()
        for method, body in methods.items()
    }


def test_the_paths_are_those_of_the_contract(aws: Settings) -> None:
    found = {
        place: body["x-amazon-apigateway-integration"].get("uri")
        for place, body in operations(definition(aws)).items()
    }
    action = "arn:aws:apigateway:eu-west-1:kinesis:action"
    assert found == {
        ("/{proxy+}", "x-amazon-apigateway-any-method"): "http://ec2.example:8082/{proxy}",
        ("/{proxy+}", "options"): None,
        ("/streams", "get"): f"{action}/ListStreams",
        ("/streams/{stream-name}", "post"): f"{action}/CreateStream",
        ("/streams/{stream-name}", "get"): f"{action}/DescribeStream",
        ("/streams/{stream-name}", "delete"): f"{action}/DeleteStream",
        ("/streams/{stream-name}/record", "put"): f"{action}/PutRecord",
        ("/streams/{stream-name}/records", "put"): f"{action}/PutRecords",
        ("/streams/{stream-name}/records", "get"): f"{action}/GetRecords",
        ("/streams/{stream-name}/sharditerator", "get"): f"{action}/GetShardIterator",
    }


def test_every_parameter_of_a_path_is_declared_and_every_status_has_a_response(aws: Settings) -> None:
    for (path, _), body in operations(definition(aws)).items():
        declared = [each["name"] for each in body["parameters"] if each["in"] == "path"]
        assert declared == re.findall(r"\{([\w-]+)\+?\}", path)
        statuses = {
            answer["statusCode"]
            for answer in body["x-amazon-apigateway-integration"].get("responses", {}).values()
        }
        assert statuses <= body["responses"].keys()


def test_what_reads_a_stream_declares_its_parameter_as_the_tutorial_does(aws: Settings) -> None:
    found = {
        path.rpartition("/")[2]: (each["in"], each["name"], each["required"])
        for (path, _), body in operations(definition(aws)).items()
        for each in body["parameters"]
        if each["in"] != "path"
    }
    assert found == {
        "sharditerator": ("query", "shard-id", False),
        "records": ("header", "Shard-Iterator", False),
    }


def test_options_are_answered_by_the_gateway_itself_with_headers_that_the_method_declares(
    aws: Settings,
) -> None:
    body = definition(aws)["paths"]["/{proxy+}"]["options"]
    call = body["x-amazon-apigateway-integration"]
    assert (call["type"], call["requestTemplates"]) == ("mock", {"application/json": '{"statusCode": 200}'})
    declared = {f"method.response.header.{name}" for name in body["responses"]["200"]["headers"]}
    values = call["responses"]["default"]["responseParameters"]
    assert values.keys() == declared
    assert values["method.response.header.Access-Control-Allow-Origin"] == "'*'"


def test_kinesis_is_called_as_the_role_with_its_own_content_type(aws: Settings) -> None:
    for (path, _), body in operations(definition(aws)).items():
        call = body["x-amazon-apigateway-integration"]
        if path.startswith("/streams"):
            assert (call["type"], call["httpMethod"], call["credentials"]) == ("aws", "POST", ROLE)
            assert call["requestParameters"] == {
                "integration.request.header.Content-Type": "'application/x-amz-json-1.1'"
            }


@pytest.mark.parametrize(
    ("status", "answered"),
    [
        ("400", "400"),
        ("403", "400"),
        ("429", "400"),
        ("500", "500"),
        ("502", "500"),
        ("503", "503"),
        ("200", "200"),
    ],
)
def test_each_status_of_kinesis_fits_one_pattern(aws: Settings, status: str, answered: str) -> None:
    call = definition(aws)["paths"]["/streams"]["get"]["x-amazon-apigateway-integration"]
    fitting = [
        each["statusCode"] for pattern, each in call["responses"].items() if re.fullmatch(pattern, status)
    ]
    assert (fitting or [call["responses"]["default"]["statusCode"]]) == [answered]


def test_the_invoke_url_on_aws_and_on_localstack(aws: Settings, tmp_path: Path) -> None:
    assert url_of(aws, "abc") == "https://abc.execute-api.eu-west-1.amazonaws.com/test"
    local = make_settings(tmp_path, LOCALSTACK_PORT=4566)
    assert url_of(local, "abc") == "http://127.0.0.1:4566/_aws/execute-api/abc/test"
