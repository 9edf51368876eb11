use super::*;

pub(super) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn nothing_configured_is_fine() {
    let configuration = load([], None, None).expect("defaults are valid");
    assert_eq!(configuration.public_url, "http://localhost:3000");
    assert_eq!(configuration.recordings.dir, Path::new(".ringside/recordings"));
    assert!(configuration.database_url.is_none());
}

#[test]
fn the_environment_wins_over_dot_env_and_that_over_the_file() {
    let file = "max_calls = 7\nlog = \"warn\"\nlog_format = \"json\"";
    let configuration = load(
        pairs(&[
            ("RINGSIDE_MAX_CALLS", "9"),
            ("PATH", "/bin"),
            ("RINGSIDE_LOG_FORMAT", ""),
        ]),
        Some("RINGSIDE_MAX_CALLS=8\nRINGSIDE_LOG=debug\n"),
        Some(file),
    )
    .expect("valid");
    assert_eq!(configuration.max_calls, 9);
    assert_eq!(configuration.log, "debug");
    assert_eq!(configuration.log_format, LogFormat::Json);
}

#[test]
fn every_problem_is_told_at_once_and_no_secret() {
    let environment = pairs(&[
        ("DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("RINGSIDE_METRICS_TOKEN", "hunter3"),
        ("RINGSIDE_MAX_CALLS", "none"),
        ("RINGSIDE_PUBLIC_URL", "calls.example.com/app"),
        ("RINGSIDE_ADRESS", "[::]:80"),
    ]);
    let file = "rehearsal_odds = \"winner:1\"\nspeed = 3\nzone_table = []";
    let errors = load(environment, Some("nonsense"), Some(file)).expect_err("wrong in many ways");
    let text = errors.to_string();
    assert_eq!(errors.0.len(), 9, "{text}");
    assert!(!text.contains("hunter"), "{text}");
    assert!(text.contains("Did you mean RINGSIDE_ADDRESS?"), "{text}");
    assert!(text.contains("interested:3"), "{text}");
}

#[test]
fn ringing_is_a_range_of_seconds() {
    let ringing = |text| load(pairs(&[("RINGSIDE_REHEARSAL_RINGING", text)]), None, None);
    let configuration = ringing("0.5 - 2").expect("valid");
    let expected = Duration::from_millis(500)..=Duration::from_secs(2);
    assert_eq!(configuration.rehearsal.ringing, Some(expected));
    for wrong in ["3", "5-1", "-1-2", "1-600", "a-b"] {
        assert!(ringing(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_broken_file_is_told_without_quoting_it() {
    let errors = load([], None, Some("metrics_token = \"hunter2hunter2hunter2")).expect_err("no closing quote");
    assert!(!errors.to_string().contains("hunter2"));
}

#[test]
fn a_secret_does_not_show_itself() {
    let configuration = load(pairs(&[("DATABASE_URL", "postgres://u:hunter2@db/x")]), None, None).expect("valid");
    assert!(!format!("{configuration:?}").contains("hunter2"));
}

#[test]
fn the_example_names_every_key_and_no_other() {
    let example = include_str!("../../../.env.example");
    let named: std::collections::BTreeSet<String> = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").trim_start_matches('#').split_once('='))
        .map(|(name, _)| name.trim().to_owned())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .collect();
    let keys: std::collections::BTreeSet<String> = keys().map(Key::in_environment).collect();
    assert_eq!(named, keys);
}
