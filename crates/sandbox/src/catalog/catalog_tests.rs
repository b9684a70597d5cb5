use serde_json::Value;

use super::*;

fn error_of(json: &str) -> SpecError {
    match Catalog::read(&[("broken", json)]) {
        Ok(_) => panic!("a broken spec was read"),
        Err(error) => error,
    }
}

#[test]
fn the_embedded_specs_are_read() {
    let catalog = Catalog::embedded().unwrap();
    assert!(catalog.operations().len() >= SPECS.len());
    for (service, _) in SPECS {
        let has_operations = catalog
            .operations()
            .iter()
            .any(|operation| operation.service.as_ref() == *service);
        assert!(has_operations, "{service}");
    }
}

#[test]
fn a_route_is_found_by_method_and_path() {
    let catalog = Catalog::embedded().unwrap();
    let route = catalog.route(&Method::POST, "/api/sms/mtsend_v2").unwrap();
    assert_eq!(route.first.id.as_ref(), "send_sms");
    assert!(matches!(
        catalog.route(&Method::POST, "/api/sms/mtsend_v2/"),
        Err(NoRoute::Path)
    ));
    let Err(NoRoute::Method(allowed)) = catalog.route(&Method::GET, "/api/sms/mtsend_v2") else {
        panic!("GET has no operation here");
    };
    assert_eq!(allowed, ["POST"]);
}

const OPERATION: &str = r#""operationId": "do_it", "x-nx-action": "act", "x-nx-parameter-code": 9"#;
const REPLY: &str = r#""responses": {"200": {"content": {"application/json": {"schema": {}, "examples": {"success": {"value": {}}}}}}}"#;

fn spec(operation: &str, reply: &str) -> String {
    format!(
        r#"{{"x-nx-scheme": "nxcloud-md5", "x-nx-biz-type": "1", "paths": {{"/a/{{x}}": {{"post": {{{operation}, {reply}}}}},
            "/a/b": {{"post": {{{operation}, {reply}}}}}}}}}"#
    )
}

#[test]
fn a_written_out_path_goes_before_one_with_parameters() {
    let json = spec(OPERATION, REPLY);
    let catalog = Catalog::read(&[("svc", &json)]).unwrap();
    let route = catalog.route(&Method::POST, "/a/b").unwrap();
    assert_eq!(route.first.path.as_str(), "/a/b");
    assert!(route.parameters.is_empty());
    let route = catalog.route(&Method::POST, "/a/c").unwrap();
    assert_eq!(route.parameters, [("x".to_owned(), "c".to_owned())]);
}

#[test]
fn a_path_with_more_text_goes_before_one_with_less() {
    let json = spec(OPERATION, REPLY).replace("\"/a/b\"", "\"/a/{x}.json\"");
    let catalog = Catalog::read(&[("svc", &json)]).unwrap();
    let parameters = |path| catalog.route(&Method::POST, path).unwrap().parameters;
    assert_eq!(parameters("/a/c.json"), [("x".to_owned(), "c".to_owned())]);
    assert_eq!(
        parameters("/a/c.xml"),
        [("x".to_owned(), "c.xml".to_owned())]
    );
}

#[test]
fn a_broken_spec_is_an_error_that_says_where() {
    for (json, place, reason) in [
        ("", "document", "EOF"),
        ("{}", "document", "x-nx-scheme"),
        (
            &*spec(r#""operationId": "do_it", "x-nx-parameter-code": 9"#, REPLY),
            "do_it",
            "x-nx-action is missing",
        ),
        (
            &*spec(r#""operationId": "do_it", "x-nx-action": "act""#, REPLY),
            "do_it",
            "x-nx-parameter-code is missing",
        ),
        (
            &*spec(
                OPERATION,
                r#""responses": {"200": {"content": {"application/json": {"schema": {}}}}}"#,
            ),
            "do_it",
            "success",
        ),
        (
            &*spec(
                &format!(
                    r##"{OPERATION}, "requestBody": {{"content": {{"application/json": {{"schema": {{"$ref": "#/components/schemas/No"}}}}}}}}"##
                ),
                REPLY,
            ),
            "do_it",
            "/components/schemas/No",
        ),
        (
            &*spec(
                &format!(r#"{OPERATION}, "requestBody": {{"content": {{}}}}"#),
                REPLY,
            ),
            "do_it",
            "no content",
        ),
    ] {
        let error = error_of(json);
        assert_eq!((error.service(), error.place()), ("broken", place));
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_key_that_is_not_known_is_refused() {
    let (service, json) = SPECS.iter().find(|(name, _)| *name == "antbuddy").unwrap();
    let whole: Value = serde_json::from_str(json).unwrap();
    let (path, method, operation) = whole["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let item = item.as_object().unwrap().iter();
            item.map(move |(method, operation)| (path, method, operation))
        })
        .find(|(_, _, operation)| operation["x-nx-max-days"].is_object())
        .unwrap();
    let path = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
    let at = format!("{path}/{method}");
    let side = ["parameters/0", "requestBody"].into_iter().find(|side| {
        let pointer = format!("/{side}");
        operation.pointer(&pointer).is_some()
    });
    let reply = format!("{at}/responses/200");
    let places = [
        String::new(),
        "/x-nx-codes/0".to_owned(),
        path,
        at.clone(),
        format!("{at}/x-nx-max-days"),
        format!("{at}/{}", side.unwrap()),
        reply.clone(),
        format!("{reply}/content/application~1json"),
        format!("{reply}/content/application~1json/examples/success"),
    ];
    for place in places {
        let mut spec = whole.clone();
        spec.pointer_mut(&place).unwrap()["x-nx-new"] = true.into();
        let error = match Catalog::read(&[(service, &spec.to_string())]) {
            Ok(_) => panic!("{place}: an unknown key was read"),
            Err(error) => error,
        };
        assert!(
            format!("{error:?}").contains("x-nx-new"),
            "{place}: {error:?}"
        );
    }
}
