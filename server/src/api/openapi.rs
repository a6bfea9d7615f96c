//! The description of the REST API, in `OpenAPI` 3.1, made from the operations themselves.

use axum::http::Method;
use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::gateway::auth::Access;
use crate::gateway::operation::{Kind, Operation, Param};
use crate::gateway::parameters::SIGNED;

/// What every refusal says.
#[derive(JsonSchema, Serialize)]
struct Error {
    /// Says what is wrong, for programs.
    code: i32,
    /// Says what is wrong, for people.
    msg: String,
}

/// Describes the operations that have a route.
pub(crate) fn describe<'a>(operations: impl Iterator<Item = &'a Operation>) -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for operation in operations {
        if let Some((method, path)) = &operation.rest {
            let entry = paths.entry(*path).or_insert_with(|| json!({}));
            let name = method.as_str().to_ascii_lowercase();
            entry[name] = schemas.operation(operation, method, path);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Exchange",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas.finish(),
            "securitySchemes": {
                "apiKey": { "type": "apiKey", "in": "header", "name": "X-MBX-APIKEY" },
                "token": { "type": "http", "scheme": "bearer" },
                "cookie": { "type": "apiKey", "in": "cookie", "name": "session" },
            },
        },
    })
}

const DESCRIPTION: &str = "Trading and market data under /api/v3, accounts under /v1. Parameters \
of /api/v3 are sent in the query or in a form body, those of /v1 as JSON. Numbers with a fraction \
are texts, so that nothing is rounded. Times are milliseconds since the Unix epoch. A refusal has a \
code and a message.";

/// The schemas of answers and of bodies, which share their names.
struct Schemas {
    answers: SchemaGenerator,
    bodies: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let generator = |contract| {
            let settings = SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
                settings.contract = contract;
            });
            settings.into_generator()
        };
        Self {
            answers: generator(Contract::Serialize),
            bodies: generator(Contract::Deserialize),
        }
    }

    fn operation(&mut self, operation: &Operation, method: &Method, path: &str) -> Value {
        let answer = (operation.answer)(&mut self.answers);
        let error = self.answers.subschema_for::<Error>();
        let as_json = |schema: Value| json!({ "application/json": { "schema": schema } });
        let refusal =
            |what: &str| json!({ "description": what, "content": as_json(error.clone().into()) });
        let mut description = json!({
            "operationId": operation_id(method, path),
            "summary": operation.about,
            "tags": [if path.starts_with("/api/") { "Trading and market data" } else { "Accounts" }],
            "parameters": parameters(operation, path),
            "responses": {
                "200": { "description": "It is done.", "content": as_json(answer.into()) },
                "4XX": refusal("It is refused. Nothing has happened, unless the answer has data that says so."),
                "5XX": refusal("It failed; the code says whether it may have happened all the same."),
            },
            "security": security(operation.access),
        });
        if let Some(body) = operation.body {
            let body = body(&mut self.bodies);
            description["requestBody"] = json!({ "content": as_json(body.into()) });
        }
        if let Some(method) = operation.socket {
            description["description"] =
                format!("Over the WebSocket API: the method `{method}`.").into();
        }
        description
    }

    fn finish(mut self) -> Map<String, Value> {
        let mut all = self.answers.take_definitions(true);
        all.extend(self.bodies.take_definitions(true));
        all
    }
}

/// For example `get_api_v3_depth`.
fn operation_id(method: &Method, path: &str) -> String {
    let words = path
        .split(['/', '-', '{', '}'])
        .filter(|word| !word.is_empty());
    let words = std::iter::once(method.as_str()).chain(words);
    let words: Vec<_> = words.map(str::to_ascii_lowercase).collect();
    words.join("_")
}

fn security(access: Access) -> Value {
    match access {
        Access::Public => json!([]),
        Access::Key => json!([{ "apiKey": [] }]),
        Access::Operator => json!([{ "token": [] }]),
        Access::Session => json!([{ "token": [] }, { "cookie": [] }]),
        Access::Account(_) => {
            json!([{ "apiKey": [] }, { "token": [] }, { "cookie": [] }])
        }
    }
}

fn parameters(operation: &Operation, path: &str) -> Vec<Value> {
    let signed: &[Param] = match operation.access {
        Access::Account(_) => &SIGNED,
        _ => &[],
    };
    let in_query = operation.params.iter().chain(signed);
    let in_query = in_query.map(|param| {
        json!({
            "name": param.name,
            "in": "query",
            "required": param.required,
            "description": param.about,
            "schema": schema(param.kind),
        })
    });
    let in_path = path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(json!({
            "name": name,
            "in": "path",
            "required": true,
            "schema": { "type": "string" },
        }))
    });
    in_path.chain(in_query).collect()
}

fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Integer => json!({ "type": "integer", "minimum": 0 }),
        Kind::Decimal => json!({ "type": "string", "pattern": super::decimal::PATTERN }),
        Kind::Flag => json!({ "type": "string", "enum": ["true", "false"] }),
        Kind::OneOf(values) => json!({ "type": "string", "enum": values }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::gateway::REGISTRY;

    /// Every reference in a value.
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(target) if name == "$ref" => {
                            found.insert(target);
                        }
                        _ => references(member, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_route_is_described_and_every_reference_leads_somewhere() {
        let api = describe(REGISTRY.iter());
        for operation in REGISTRY.iter() {
            if let Some((method, path)) = &operation.rest {
                let method = method.as_str().to_ascii_lowercase();
                let described = &api["paths"][path][method];
                assert!(described["responses"]["200"].is_object(), "{path}");
            }
        }
        let mut found = BTreeSet::new();
        references(&api, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("a local reference");
            assert!(api.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let api = describe(REGISTRY.iter());
        let paths = api["paths"].as_object().expect("paths").values();
        let operations = paths.flat_map(|path| path.as_object().expect("operations").values());
        let ids: Vec<_> = operations.map(|it| it["operationId"].to_string()).collect();
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(
            ids.contains(&"\"delete_v1_api_keys_key\"".into()),
            "{ids:?}"
        );
    }
}
