//! The description of the REST API: for programs at `/openapi.json`, for people at `/docs`.
//!
//! The page is written here, from the same description, and runs no script.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;

use super::{App, REGISTRY};
use crate::api::openapi::describe;

static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| describe(REGISTRY.iter()));
static JSON: LazyLock<String> = LazyLock::new(|| DESCRIPTION.to_string());
static PAGE: LazyLock<String> = LazyLock::new(|| page(&DESCRIPTION));

const STYLE: &str = include_str!("reference.css");
/// The page wears its own styles, and does nothing else.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/openapi.json",
            get(async || told("application/json", &JSON)),
        )
        .route(
            "/docs",
            get(async || told("text/html; charset=utf-8", &PAGE)),
        )
        .route(
            "/docs/style.css",
            get(async || told("text/css; charset=utf-8", STYLE)),
        )
}

fn told(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    (headers, text).into_response()
}

/// A text as it may stand in the page.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The members of an object.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn page(api: &Value) -> String {
    let mut tags: Vec<(&str, String)> = Vec::new();
    for (path, methods) in members(&api["paths"]) {
        for (method, operation) in members(methods) {
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            let told = section(method, path, operation);
            match tags.iter_mut().find(|(known, _)| *known == tag) {
                Some((_, sections)) => sections.push_str(&told),
                None => tags.push((tag, told)),
            }
        }
    }
    let mut body = String::new();
    for (tag, sections) in tags {
        // Writing to a string cannot fail.
        let _ = write!(body, "<h2>{}</h2>\n{sections}", escaped(tag));
    }
    let mut schemas = String::new();
    for (name, schema) in members(&api["components"]["schemas"]) {
        let (name, shown) = (escaped(name), pretty(schema));
        let _ = writeln!(
            schemas,
            "<details id=\"{name}\"><summary>{name}</summary><pre>{shown}</pre></details>"
        );
    }
    let info = &api["info"];
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} API</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head>\n\
         <body><h1>{title} API</h1>\n<p>{description} For programs: \
         <a href=\"/openapi.json\">/openapi.json</a>.</p>\n{body}<h2>Schemas</h2>\n{schemas}\
         </body></html>\n",
        title = escaped(text(info, "title")),
        description = escaped(text(info, "description")),
    )
}

fn section(method: &str, path: &str, operation: &Value) -> String {
    let mut told = format!(
        "<details id=\"{id}\"><summary><b class=\"{method}\">{method}</b> <code>{path}</code> \
         {summary}</summary>\n<p>{description} Who may ask: {access}.</p>\n",
        id = escaped(text(operation, "operationId")),
        path = escaped(path),
        summary = escaped(text(operation, "summary")),
        description = escaped(text(operation, "description")),
        access = access(operation),
    );
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let rows: String = parameters.map(row).collect();
    if !rows.is_empty() {
        let _ = write!(
            told,
            "<table><tr><th>Parameter</th><th>In</th><th>Must</th><th>Form</th><th></th></tr>\n\
             {rows}</table>\n"
        );
    }
    let json = "application/json";
    let body = &operation["requestBody"]["content"][json]["schema"];
    if !body.is_null() {
        let _ = writeln!(told, "<h3>Body</h3><pre>{}</pre>", pretty(body));
    }
    let answer = &operation["responses"]["200"]["content"][json]["schema"];
    let _ = writeln!(
        told,
        "<h3>Answer</h3><pre>{}</pre></details>",
        pretty(answer)
    );
    told
}

fn row(parameter: &Value) -> String {
    let schema = &parameter["schema"];
    let form = match schema["enum"].as_array() {
        Some(values) => {
            let values = values.iter().filter_map(Value::as_str);
            values.collect::<Vec<_>>().join(", ")
        }
        None => text(schema, "type").into(),
    };
    format!(
        "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escaped(text(parameter, "name")),
        escaped(text(parameter, "in")),
        if parameter["required"] == true {
            "yes"
        } else {
            ""
        },
        escaped(&form),
        escaped(text(parameter, "description")),
    )
}

fn access(operation: &Value) -> String {
    let ways = operation["security"].as_array().into_iter().flatten();
    let ways: Vec<_> = ways
        .flat_map(members)
        .map(|(way, _)| match way.as_str() {
            "apiKey" => "an API key",
            "token" => "a session by its token",
            _ => "a session by its cookie",
        })
        .collect();
    if ways.is_empty() {
        return "anybody".into();
    }
    ways.join(", ")
}

/// A schema, with its references as links.
fn pretty(schema: &Value) -> String {
    let shown = serde_json::to_string_pretty(schema).unwrap_or_default();
    let shown = escaped(&shown);
    let mut linked = String::new();
    let mut parts = shown.split("#/components/schemas/");
    linked.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once("&quot;").unwrap_or((part, ""));
        let _ = write!(linked, "<a href=\"#{name}\">{name}</a>&quot;{rest}");
    }
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_operation_and_no_dead_link() {
        for (path, methods) in members(&DESCRIPTION["paths"]) {
            for (_, operation) in members(methods) {
                let id = text(operation, "operationId");
                assert!(PAGE.contains(&format!("<details id=\"{id}\">")), "{path}");
            }
        }
        let links: Vec<_> = PAGE.split("href=\"#").skip(1).collect();
        assert!(!links.is_empty());
        for link in links {
            let name = link.split('"').next().expect("a link");
            assert!(PAGE.contains(&format!("id=\"{name}\"")), "{name}");
        }
    }

    #[test]
    fn what_is_told_cannot_become_markup() {
        assert_eq!(
            escaped("<a href=\"x\">&"),
            "&lt;a href=&quot;x&quot;&gt;&amp;"
        );
    }
}
