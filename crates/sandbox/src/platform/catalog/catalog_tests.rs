use super::*;

fn error_of(json: &str) -> SpecError {
    let spec = serde_json::from_str(json).unwrap();
    match Catalog::of("broken", spec) {
        Ok(_) => panic!("a broken spec was read"),
        Err(error) => error,
    }
}

#[test]
fn the_embedded_specs_are_read() {
    let catalog = Catalog::embedded().unwrap();
    assert_eq!(
        catalog.services().len(),
        nxcloud_spec::embedded_names().count()
    );
    for service in nxcloud_spec::embedded_names() {
        let has_operations = catalog
            .operations()
            .any(|operation| operation.service.as_ref() == service);
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
    let other = operation.replace("do_it", "do_it_too");
    format!(
        r#"{{"x-nx-scheme": "nxcloud-md5", "x-nx-biz-type": "1", "paths": {{"/a/{{x}}": {{"post": {{{operation}, {reply}}}}},
            "/a/b": {{"post": {{{other}, {reply}}}}}}}}}"#
    )
}

#[test]
fn a_literal_path_goes_before_one_with_parameters() {
    let json = spec(OPERATION, REPLY);
    let catalog = Catalog::of("svc", serde_json::from_str(&json).unwrap()).unwrap();
    let route = catalog.route(&Method::POST, "/a/b").unwrap();
    assert_eq!(route.first.path.as_str(), "/a/b");
    assert!(route.parameters.is_empty());
    let route = catalog.route(&Method::POST, "/a/c").unwrap();
    assert_eq!(route.parameters, [("x".to_owned(), "c".to_owned())]);
}

#[test]
fn a_path_with_more_literal_text_goes_first() {
    let json = spec(OPERATION, REPLY).replace("\"/a/b\"", "\"/a/{x}.json\"");
    let catalog = Catalog::of("svc", serde_json::from_str(&json).unwrap()).unwrap();
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
        ("{}", "(root)", "x-nx-scheme"),
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
