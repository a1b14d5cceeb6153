use serde_json::json;

use super::*;

fn read(text: &str) -> Result<ClientConfig, Vec<Located>> {
    let variables = [("KEY".to_owned(), "sk-CANARY0123456789abcdef".to_owned())].into();
    let source = Source { file: "c.yaml", bytes: text.as_bytes(), variables: &variables };
    super::read(&source, &json!({}), &Environment::default()).map(|(config, _)| config)
}

#[test]
fn the_example_loads() {
    let text = include_bytes!("../../../examples/bellwether.yaml");
    let variables = [("HOLYSHEEP_API_KEY".to_owned(), "sk-hs-0123456789abcdef".to_owned())].into();
    let source = Source { file: "bellwether.yaml", bytes: text, variables: &variables };
    let (config, _) = super::read(&source, &json!({}), &Environment::default()).expect("valid");
    let names: Vec<&str> = config.endpoints.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["primary", "GPT-4.1 Premium", "Gemini 2.5 Flash", "DeepSeek V3.2"]);
    assert!(config.endpoints.is_sorted_by_key(|e| e.tier));
    assert!(config.endpoints.iter().all(|e| e.dialect == crate::dialect::speech::Dialect::OpenAi));
    assert_eq!(config.rules[0].1.route_to.len(), 3);
}
