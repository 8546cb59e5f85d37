"""Public parameters that name a base, as distributions publish them: moto keeps the names of AWS
to itself."""

import json

JSON = {"Content-Type": "application/x-amz-json-1.1"}
CALLS = ("AmazonSSM.GetParameter", "AmazonSSM.GetParameters")


def answer(rig, target, headers, body):
    """`None` where the question is none of ours."""
    asked = json.loads(body or b"{}")
    if target == "AmazonSSM.GetParameter":
        image_id = rig.parameters.get(asked.get("Name"))
        return told({"Parameter": parameter(rig, asked["Name"], image_id)}) if image_id else None
    mine = [name for name in asked.get("Names", []) if name in rig.parameters]
    return together(rig, asked, mine, headers) if mine else None


def together(rig, asked, mine, headers):
    found = {"Parameters": [], "InvalidParameters": []}
    others = [name for name in asked["Names"] if name not in mine]
    if others:
        rest = json.dumps({**asked, "Names": others}).encode()
        status, moto_headers, body = rig.upstream.forward("POST", "/", headers, rest)
        if status != 200:
            return status, moto_headers, body
        found = json.loads(body)
    found["Parameters"] += [parameter(rig, name, rig.parameters[name]) for name in mine]
    return told(found)


def told(found):
    return 200, JSON, json.dumps(found).encode()


def parameter(rig, name, image_id):
    return {
        "Name": name,
        "Type": "String",
        "Value": image_id,
        "Version": 1,
        "LastModifiedDate": int(rig.started),
        "ARN": f"arn:aws:ssm:us-east-1::parameter{name}",
        "DataType": "text",
    }
