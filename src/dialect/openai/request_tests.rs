use super::*;

fn render(body: &str, model: &str) -> String {
    let bytes = ChatRequest::parse(body, "", &[]).expect("valid").render(model, TokenLimitField::ByModel);
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn everything_but_the_model_is_kept_to_the_byte() {
    let body = r#"{"messages":[{"role":"user","content":"h\u00e4 \ud83d\ude00"}],"model":"a","temperature":1.0,"x_new":{"deep":[1e3, 2]},"n":null}"#;
    assert_eq!(render(body, "a"), body);
    assert_eq!(render(body, "b"), body.replace(r#""model":"a""#, r#""model":"b""#));
    assert_eq!(
        render(r#"{"model":"a","messages":[1],"mod\u0065l":"b"}"#, "c"),
        r#"{"model":"c","messages":[1],"model":"c"}"#
    );
    assert_eq!(render(r#"{"messages":[1]}"#, "q\"x"), r#"{"model":"q\"x","messages":[1]}"#);
}

#[test]
fn an_answer_that_broke_off_is_the_last_message() {
    for (body, expected) in [
        (
            r#"{"messages":[1]}"#,
            r#"{"model":"m","messages":[1,{"role":"assistant","content":"a\"","prefix":true}]}"#,
        ),
        (
            r#"{"model":"m","stop":["x"],"messages":[],"messages":[ 1 ]}"#,
            r#"{"model":"m","stop":["x"],"messages":[],"messages":[ 1 ,{"role":"assistant","content":"a\"","prefix":true}]}"#,
        ),
    ] {
        let request = ChatRequest::parse(body, "", &[]).expect("valid");
        let sent = request.render_continued("m", TokenLimitField::ByModel, "a\"", Some("prefix"));
        assert_eq!(sent, expected);
    }
}

#[test]
fn the_output_limit_gets_the_name_the_model_knows() {
    let old = r#"{"messages":[1],"max_tokens":5}"#;
    for (model, name) in [
        ("gpt-4o", "max_tokens"),
        ("gpt-4.1", "max_tokens"),
        ("gpt-5-mini", "max_completion_tokens"),
        ("openai/gpt-6.1", "max_completion_tokens"),
        ("o3-mini", "max_completion_tokens"),
        ("openchat", "max_tokens"),
        ("claude-sonnet-4", "max_tokens"),
    ] {
        assert!(render(old, model).contains(&format!("\"{name}\":5")), "{model}");
    }
    let new = r#"{"messages":[1],"max_completion_tokens":5}"#;
    let deepseek =
        ChatRequest::parse(new, "", &[]).expect("valid").render("deepseek-chat", TokenLimitField::MaxTokens);
    assert_eq!(deepseek, r#"{"model":"deepseek-chat","messages":[1],"max_tokens":5}"#);
    assert!(render(new, "gpt-4o").contains("\"max_completion_tokens\":5"));
    let both = r#"{"messages":[1],"max_tokens":5,"max_completion_tokens":6}"#;
    assert!(!render(both, "o3").contains("max_tokens\":5"));
    assert_eq!(render(both, "gpt-4o").matches("max_").count(), 2);
}

#[test]
fn what_is_said_of_a_mistake_is_bounded() {
    let long = format!("\"{}\"", "ä".repeat(10_000));
    assert!(ChatRequest::parse(&long, "", &[]).is_err_and(|e| e.problem.len() < 500));
}

#[test]
fn mistakes_are_named() {
    for (body, field) in [
        ("[]", "request"),
        ("{", "request"),
        (r#"{"model":7,"messages":[1]}"#, "model"),
        (r#"{"model":"","messages":[1]}"#, "model"),
        (r#"{"model":"a"}"#, "messages"),
        (r#"{"model":"a","messages":[ ]}"#, "messages"),
        (r#"{"model":"a","messages":"hi"}"#, "messages"),
        (r#"{"model":"a","messages":[1],"stream":"yes"}"#, "stream"),
    ] {
        assert_eq!(ChatRequest::parse(body, "", &[]).expect_err(body).field, field, "{body}");
    }
}
