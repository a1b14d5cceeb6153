use super::*;

#[test]
fn all_problems_at_once_with_path_given_and_accepted() {
    let options =
        json!({"maxRetries": -1, "timeout": "soon", "nested": {"flag": 1, "falg": true}, "zzz": 1, "": 1});
    let mut problems = Vec::new();
    object(&options, "", &mut problems, |r| {
        r.integer("maxRetries", 0, 100);
        r.duration("timeout", Duration::ZERO);
        r.object("nested", |r| r.boolean("flag"));
    });
    let text: Vec<String> = problems.iter().map(|p| format!("{} {}", p.path, p.message)).collect();
    assert_eq!(
        text,
        [
            "maxRetries must be a whole number from 0 to 100, got -1",
            "timeout must be milliseconds as a number, or '500ms', '30s', '5m', '1h', '1d', got 'soon'",
            "nested.flag must be true or false, got 1",
            "nested.falg is not an option; did you mean 'flag'?",
            "zzz is not an option; accepted are maxRetries, timeout, nested",
            "'' is not an option; accepted are maxRetries, timeout, nested",
        ]
    );
}

#[test]
fn what_is_no_plain_data_is_nothing_that_is_accepted() {
    let map = || json!({"$given": "a Map"});
    let options = json!({
        "a": map(), "b": {"$function": 0}, "c": map(), "d": map(), "e": map(), "f": ["x", map(), ""], "g": "sk-SECRET",
    });
    let mut problems = Vec::new();
    object(&options, "", &mut problems, |r| {
        r.string("a");
        r.object("b", |_| ());
        r.record("c");
        r.number("d", 0.0, 1.0);
        r.object("e", |_| ());
        r.strings("f");
        r.record("g");
    });
    let text: Vec<String> = problems.iter().map(|p| format!("{} {}", p.path, p.message)).collect();
    assert_eq!(
        text,
        [
            "a must be a non-empty string, got a Map",
            "b must be an object, got a function",
            "c must be an object, got a Map",
            "d must be a number from 0 to 1, got a Map",
            "e must be an object, got a Map",
            "f[1] must be a non-empty string, got a Map",
            "f[2] must be a non-empty string, got ''",
            "g must be an object, got a string",
        ]
    );
}

#[test]
fn nearest_names_are_near() {
    let known = ["endpoints", "apiKey", "baseURL"];
    for (given, expected) in [
        ("endpoint", Some("endpoints")),
        ("api_key", Some("apiKey")),
        ("baseUrl", Some("baseURL")),
        ("fruit", None),
    ] {
        assert_eq!(nearest(given, known), expected, "{given}");
    }
}
