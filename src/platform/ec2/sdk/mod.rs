//! EC2 as it is: the traits of `api` over the AWS SDK, every call through the door in `aws`.

mod endpoints;
mod images;
mod machines;
mod network;

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

fn tagged(kind: ResourceType, tags: &BTreeMap<String, String>) -> TagSpecification {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags.iter().map(tag).collect())).build()
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}
