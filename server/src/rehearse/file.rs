//! The file of a rehearsal: what the campaign says, and the scenarios.

use domain::{campaign::CampaignContent, rehearsal::Scenario};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a file says.
#[derive(Debug)]
pub(super) struct RehearsalFile {
    pub(super) content: CampaignContent,
    /// Variables of the invented person.
    pub(super) person: BTreeMap<String, String>,
    /// What suits every campaign if the file names none.
    pub(super) scenarios: Vec<Scenario>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    campaign: toml::Table,
    #[serde(default)]
    person: BTreeMap<String, String>,
    #[serde(default)]
    scenarios: Vec<Scenario>,
}

/// Reads a file. What it leaves out of the campaign is as in a new one.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn parse(text: &str) -> Result<RehearsalFile, String> {
    let Written {
        campaign,
        person,
        scenarios,
    } = toml::from_str(text).map_err(|error| error.to_string())?;
    let content = content(campaign)?;
    let scenarios = if scenarios.is_empty() {
        Scenario::template(&content)
    } else {
        scenarios
    };
    Scenario::validate_all(&scenarios).map_err(|error| sentences(&error))?;
    Ok(RehearsalFile {
        content,
        person,
        scenarios,
    })
}

fn content(written: toml::Table) -> Result<CampaignContent, String> {
    let Ok(serde_json::Value::Object(mut fields)) = serde_json::to_value(CampaignContent::template()) else {
        return Err("The campaign cannot be read.".to_owned());
    };
    for (name, value) in written {
        if !fields.contains_key(&name) {
            let known: Vec<&str> = fields.keys().map(String::as_str).collect();
            return Err(format!("A campaign has no “{name}”. It has {}.", known.join(", ")));
        }
        let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
        fields.insert(name, value);
    }
    let content: CampaignContent = serde_json::from_value(serde_json::Value::Object(fields))
        .map_err(|error| format!("The campaign cannot be read: {error}"))?;
    content.validate().map_err(|error| sentences(&error))?;
    Ok(content)
}

fn sentences(error: &domain::UserError) -> String {
    let fields: Vec<String> = error
        .fields
        .iter()
        .map(|wrong| format!("{}: {}", wrong.field, wrong.message))
        .collect();
    if fields.is_empty() {
        error.message.clone()
    } else {
        fields.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::rehearsal::{Expectation, WhoAnswers};

    #[test]
    fn the_example_of_the_documentation_is_understood() {
        let file = parse(include_str!("../../../docs/examples/rehearsal.toml")).expect("valid");
        assert!(file.content.script.contains("{{first_name}}"));
        assert_eq!(file.person["first_name"], "Grace");
        let hurry = file
            .scenarios
            .iter()
            .find(|scenario| scenario.who == WhoAnswers::BadTime)
            .expect("somebody in a hurry");
        assert!(hurry.expect.contains(&Expectation::CallBackBooked));
    }

    #[test]
    fn a_file_without_scenarios_plays_what_suits_every_campaign() {
        let file = parse("[campaign]\nname = \"Spring\"").expect("valid");
        assert_eq!(file.scenarios, Scenario::template(&file.content));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let told = |text: &str| parse(text).expect_err(text);
        assert!(told("[campaign]\nname = \"\"").contains("1 to 120 characters"));
        assert!(told("[campaign]\nnmae = \"Spring\"").contains("has no “nmae”"));
        assert!(told("[campaign]\nname = 5").contains("cannot be read"));
        assert!(told("[campagne]").contains("campagne"));
        let scenario = "[campaign]\nname = \"Spring\"\n[[scenarios]]\nname = \"Late\"\n";
        assert!(told(&format!("{scenario}who = \"somebody\"")).contains("one of interested"));
        assert!(told(&format!("{scenario}who = \"busy\"\nexpect = [\"is fine\"]")).contains("not understood"));
        assert!(told(&format!("{scenario}who = \"busy\"\ntimes = 9")).contains("at most 5 times"));
    }
}
