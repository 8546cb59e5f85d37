"""The query protocol that EC2 speaks: flat parameters in, XML out."""

import urllib.parse
import xml.etree.ElementTree as xml

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


class Refusal(Exception):
    """An answer that is an error of EC2's."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status

    def body(self):
        root = xml.Element("Response")
        error = xml.SubElement(xml.SubElement(root, "Errors"), "Error")
        put(error, "Code", self.code)
        put(error, "Message", self.message)
        put(root, "RequestID", "rig")
        return xml.tostring(root, encoding="utf-8", xml_declaration=True)


def decode(body):
    """The parameters of a request's body, in their order."""
    return dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))


def encode(params):
    return urllib.parse.urlencode(params).encode()


def listed(params, name):
    """`Name.1`, `Name.2`, ... as a list."""
    found = [(key[len(name) + 1 :], value) for key, value in params.items() if key.startswith(name + ".")]
    return [value for key, value in sorted(found, key=lambda one: key_number(one[0])) if key.isdigit()]


def records(params, name):
    """`Name.1.A`, `Name.1.B.C`, ... as a list of records with the keys `A`, `B.C`."""
    grouped = {}
    for key, value in params.items():
        number, _, rest = key.removeprefix(name + ".").partition(".")
        if key.startswith(name + ".") and number.isdigit() and rest:
            grouped.setdefault(int(number), {})[rest] = value
    return [grouped[number] for number in sorted(grouped)]


def with_records(params, name, replacement):
    """The parameters with another list of records under a name."""
    kept = {key: value for key, value in params.items() if not key.startswith(name + ".")}
    for number, record in enumerate(replacement, 1):
        kept.update({f"{name}.{number}.{key}": value for key, value in record.items()})
    return kept


def take_filter(params, name):
    """Takes a filter out of the parameters: what is left, and the wanted values or `None`."""
    filters = records(params, "Filter")
    mine = [one for one in filters if one.get("Name") == name]
    if not mine:
        return params, None
    others = [one for one in filters if one.get("Name") != name]
    wanted = [value for one in mine for key, value in one.items() if key.startswith("Value.")]
    return with_records(params, "Filter", others), wanted


def key_number(key):
    return int(key) if key.isdigit() else 0


def parse(body):
    """An answer as a tree without name spaces: clients ignore them, and paths get readable."""
    root = xml.fromstring(body)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def render(root):
    root.set("xmlns", NAMESPACE)
    return xml.tostring(root, encoding="utf-8", xml_declaration=True)


def answer(action, **fields):
    """A whole answer of a call that moto does not know."""
    root = xml.Element(action + "Response")
    put(root, "requestId", "rig")
    for name, value in fields.items():
        put(root, name, value)
    return render(root)


def put(parent, name, value):
    """Sets the text of the only child of this name; `None` takes the child away."""
    child = parent.find(name)
    if value is None:
        if child is not None:
            parent.remove(child)
        return None
    if child is None:
        child = xml.SubElement(parent, name)
    child.text = str(value)
    return child


def text(parent, name):
    return (parent.findtext(name) or "").strip()
