//! Every server function and every route, as nobody and as each role, beside a table that says who may.

use crate::{
    installation::{Installation, campaign_content},
    plain_forms::Things,
};
use domain::access::Role;
use reqwest::{Method, StatusCode};
use std::collections::BTreeSet;
use store::PgPool;

pub(crate) const ID: &str = "01900000-0000-7000-8000-000000000000";

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Who {
    Anybody,
    AtLeast(Role),
}
use Who::{Anybody, AtLeast};

/// How the arguments travel.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    Json(&'static str),
    Form(&'static str),
    /// JSON with the content of a campaign in place of `CONTENT`.
    Content(&'static str),
}
use Body::{Content, Form, Json};

/// Everybody who is signed in.
const SIGNED_IN: Who = AtLeast(Role::Viewer);

/// The campaign editor's form as a browser posts it.
const CAMPAIGN_FORM: &str = "\
    form[name]=x&form[script]=Say+hello.&form[opening]=Hello.&form[voicemail_policy]=hang_up&\
    form[hours][0][open]=on&form[hours][0][from]=09:00&form[hours][0][to]=18:00&\
    form[hours][1][open]=on&form[hours][1][from]=09:00&form[hours][1][to]=18:00&\
    form[hours][2][open]=on&form[hours][2][from]=09:00&form[hours][2][to]=18:00&\
    form[hours][3][open]=on&form[hours][3][from]=09:00&form[hours][3][to]=18:00&\
    form[hours][4][open]=on&form[hours][4][from]=09:00&form[hours][4][to]=18:00&\
    form[hours][5][open]=on&form[hours][5][from]=09:00&form[hours][5][to]=18:00&\
    form[hours][6][open]=on&form[hours][6][from]=09:00&form[hours][6][to]=18:00&\
    form[max_concurrent_calls]=1&form[calls_per_second]=1&form[ring_seconds]=30&form[max_call_seconds]=60&\
    form[default_country]=US&form[engine]=pipeline";

/// Every server function: its path, who may call it, and a call that is well formed.
pub(crate) fn server_functions() -> Vec<(&'static str, Who, Body)> {
    use Role::{Administrator, Manager, Supervisor};
    let id = r#"{"id":"01900000-0000-7000-8000-000000000000"}"#;
    vec![
        (
            "/api/account/password",
            SIGNED_IN,
            Form("old=wrong&new=another+long+password"),
        ),
        ("/api/account/sessions", SIGNED_IN, Json("{}")),
        ("/api/audit/list", AtLeast(Administrator), Json(r#"{"after":null}"#)),
        ("/api/campaigns/command", AtLeast(Manager), Form("id=ID&command=start")),
        (
            "/api/campaigns/create",
            AtLeast(Manager),
            Content(r#"{"content":CONTENT}"#),
        ),
        ("/api/campaigns/delete", AtLeast(Manager), Form("id=ID")),
        ("/api/campaigns/duplicate", AtLeast(Manager), Form("id=ID")),
        ("/api/campaigns/form", AtLeast(Manager), Form(CAMPAIGN_FORM)),
        ("/api/campaigns/get", SIGNED_IN, Json(id)),
        (
            "/api/campaigns/list",
            SIGNED_IN,
            Json(r#"{"status":null,"after":null}"#),
        ),
        (
            "/api/campaigns/preview",
            SIGNED_IN,
            Content(r#"{"id":null,"content":CONTENT}"#),
        ),
        (
            "/api/campaigns/save",
            AtLeast(Manager),
            Content(r#"{"id":"ID","base_revision":1,"content":CONTENT}"#),
        ),
        (
            "/api/command-call",
            AtLeast(Supervisor),
            Json(r#"{"conversation_id":"ID","command":{"command":"whisper","text":"Offer Tuesday."}}"#),
        ),
        ("/api/conversations/draw-results-again", AtLeast(Manager), Form("id=ID")),
        ("/api/conversations/get", SIGNED_IN, Json(id)),
        ("/api/conversations/list", SIGNED_IN, Json(r#"{"filter":{}}"#)),
        ("/api/conversations/unanswered", SIGNED_IN, Json("{}")),
        ("/api/dashboard", SIGNED_IN, Form("")),
        (
            "/api/do-not-call/add",
            AtLeast(Supervisor),
            Form("number=%2B14155550123&reason=asked"),
        ),
        (
            "/api/do-not-call/list",
            SIGNED_IN,
            Json(r#"{"search":null,"after":null}"#),
        ),
        (
            "/api/do-not-call/remove",
            AtLeast(Administrator),
            Form("number=%2B14155550123&reason=mistake"),
        ),
        ("/api/imports/cancel", AtLeast(Manager), Form("import=ID")),
        ("/api/imports/list", SIGNED_IN, Json(r#"{"campaign":"ID"}"#)),
        (
            "/api/imports/refusals",
            SIGNED_IN,
            Json(r#"{"import":"ID","after":null}"#),
        ),
        (
            "/api/imports/start",
            AtLeast(Manager),
            Form("import=ID&columns%5B0%5D=phone_number&default_country=US"),
        ),
        ("/api/imports/view", SIGNED_IN, Json(r#"{"import":"ID"}"#)),
        (
            "/api/leads/add",
            AtLeast(Manager),
            Form("campaign=ID&lead%5Bname%5D=Ada&lead%5Bphone_number%5D=%2B14155550123"),
        ),
        ("/api/leads/list", SIGNED_IN, Json(r#"{"campaign":"ID","filter":{}}"#)),
        ("/api/monitor", SIGNED_IN, Json(r#"{"conversation_id":"ID"}"#)),
        ("/api/rehearsals/cancel", AtLeast(Manager), Form("id=ID")),
        (
            "/api/rehearsals/start",
            AtLeast(Manager),
            Form("campaign=ID&scenarios[0][name]=x&scenarios[0][who]=busy&scenarios[0][times]=1&scenarios[0][expect]="),
        ),
        (
            "/api/rehearsals/view",
            AtLeast(Manager),
            Json(r#"{"campaign":"ID","shown":null}"#),
        ),
        ("/api/set-dialling-paused", AtLeast(Manager), Form("paused=false")),
        ("/api/settings/dialling-paused", SIGNED_IN, Json("{}")),
        ("/api/settings/installation", SIGNED_IN, Json("{}")),
        ("/api/settings/prices", AtLeast(Administrator), Json("{}")),
        (
            "/api/settings/set-prices",
            AtLeast(Administrator),
            Form(
                "form[currency]=USD&form[input_tokens]=0.15&form[output_tokens]=0.6&form[characters]=15&\
                 form[recognition_minute]=0.006&form[telephone_minute]=0.013&form[zone]=UTC",
            ),
        ),
        ("/api/settings/trouble", SIGNED_IN, Json("{}")),
        // Whoever is signed out already gets what they wanted.
        ("/api/sign-out", Anybody, Form("")),
        ("/api/sign-out-everywhere", SIGNED_IN, Form("")),
        ("/api/sign-in", Anybody, Form("email=a%40example.com&password=")),
        ("/api/sign-in/typed", Anybody, Json("{}")),
        (
            "/api/users/invite",
            AtLeast(Administrator),
            Form("name=&email=&role=viewer"),
        ),
        ("/api/users/list", AtLeast(Administrator), Json("{}")),
        ("/api/users/locked", AtLeast(Administrator), Form("user=ID&locked=true")),
        ("/api/users/reset-password", AtLeast(Administrator), Form("user=ID")),
        ("/api/users/role", AtLeast(Administrator), Form("user=ID&role=viewer")),
        ("/api/welcome", Anybody, Form("token=x&name=x&email=x&password=x")),
        ("/api/welcome/invitation", Anybody, Json(r#"{"token":"x"}"#)),
    ]
}

/// Every other route that is no page: as axum writes it, a path that matches it, its method, and who may.
fn other_routes() -> Vec<(&'static str, &'static str, Method, Who)> {
    use Role::{Manager, Supervisor};
    vec![
        ("/events", "/events?topic=conversation:ID", Method::GET, SIGNED_IN),
        ("/listen/{id}", "/listen/ID", Method::GET, AtLeast(Supervisor)),
        ("/try/{id}", "/try/ID", Method::GET, AtLeast(Manager)),
        (
            "/recordings/{file}",
            "/recordings/ID.ogg",
            Method::GET,
            AtLeast(Supervisor),
        ),
        (
            "/rehearsals/{file}",
            "/rehearsals/ID.ogg",
            Method::GET,
            AtLeast(Manager),
        ),
        (
            "/campaigns/{id}/import",
            "/campaigns/ID/import",
            Method::POST,
            AtLeast(Manager),
        ),
        (
            "/imports/{id}/refused.csv",
            "/imports/ID/refused.csv",
            Method::GET,
            SIGNED_IN,
        ),
        // Its signature says who sends it; see livekit_webhook.rs.
        ("/livekit/webhook", "/livekit/webhook", Method::POST, Anybody),
        ("/health/live", "/health/live", Method::GET, Anybody),
        ("/health/ready", "/health/ready", Method::GET, Anybody),
        // From this machine; what holds for others is tested in health.rs.
        ("/metrics", "/metrics", Method::GET, Anybody),
    ]
}

/// What an answer says about the right to ask.
#[derive(Debug, PartialEq)]
enum Verdict {
    SignedOut,
    Forbidden,
    Allowed,
}

fn verdict(status: StatusCode) -> Verdict {
    match status.as_u16() {
        401 => Verdict::SignedOut,
        403 => Verdict::Forbidden,
        _ => Verdict::Allowed,
    }
}

fn expected(who: Who, asking: Option<Role>) -> Verdict {
    match (who, asking) {
        (Anybody, _) => Verdict::Allowed,
        (AtLeast(_), None) => Verdict::SignedOut,
        (AtLeast(least), Some(role)) if role < least => Verdict::Forbidden,
        _ => Verdict::Allowed,
    }
}

#[test]
fn the_tables_name_everything() {
    let named: BTreeSet<&str> = server_functions().iter().map(|(path, ..)| *path).collect();
    let there: BTreeSet<&str> = server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    assert_eq!(named, there, "a server function is missing in the table, or is gone");
    for (path, method) in server_fn::axum::server_fn_paths() {
        assert_eq!(
            method,
            Method::POST,
            "{path}: what a link can trigger must not be a server function"
        );
    }
    let named: BTreeSet<&str> = other_routes().iter().map(|(route, ..)| *route).collect();
    let there: BTreeSet<&str> = server::routes::OTHER_ROUTES.iter().copied().collect();
    assert_eq!(named, there);
}

/// The session of each role; of nobody, none.
async fn sessions(installation: &Installation) -> Vec<(Option<Role>, Option<String>, &'static str)> {
    let first = installation.administrator().await;
    let administrator = installation.caller(&first).await;
    let mut sessions = vec![
        (None, None, ""),
        (Some(Role::Administrator), Some(first), "ada@example.com"),
    ];
    for (role, email) in [
        (Role::Viewer, "viewer@example.com"),
        (Role::Supervisor, "supervisor@example.com"),
        (Role::Manager, "manager@example.com"),
    ] {
        sessions.push((
            Some(role),
            Some(installation.somebody(&administrator, role).await),
            email,
        ));
    }
    sessions
}

#[sqlx::test(migrations = "../migrations")]
async fn server_functions_let_in_whom_the_table_names(pool: PgPool) {
    let installation = Installation::start(pool).await;
    for (role, cookie, email) in sessions(&installation).await {
        let mut functions = server_functions();
        // It ends the walk's own session too.
        functions.sort_by_key(|(path, ..)| *path == "/api/sign-out-everywhere");
        for (path, who, body) in functions {
            // Some of these end the session.
            let cookie = match &cookie {
                Some(_) if path.starts_with("/api/sign-out") => Some(installation.sign_in_again(email).await),
                other => other.clone(),
            };
            let (kind, text) = match body {
                Json(text) => ("application/json", text.replace("ID", ID)),
                Form(text) => ("application/x-www-form-urlencoded", text.replace("ID", ID)),
                Content(text) => {
                    let content = campaign_content().to_string();
                    ("application/json", text.replace("ID", ID).replace("CONTENT", &content))
                }
            };
            let request = installation.request(Method::POST, path, cookie.as_deref());
            let answer = request
                .header("content-type", kind)
                .body(text)
                .send()
                .await
                .expect("an answer");
            let status = answer.status();
            let text = answer.text().await.expect("a body");
            // A wrong password is answered with 401 too.
            if path != "/api/sign-in" {
                assert_eq!(
                    verdict(status),
                    expected(who, role),
                    "{path} as {role:?}: {status} {text}"
                );
            }
            assert!(!status.is_server_error(), "{path} as {role:?}: {status} {text}");
            assert_ne!(status, 400, "{path}: the call in the table is not well formed: {text}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn other_routes_let_in_whom_the_table_names(pool: PgPool) {
    let installation = Installation::start(pool).await;
    for (role, cookie, _) in sessions(&installation).await {
        for (_, path, method, who) in other_routes() {
            let request = installation.request(method, &path.replace("ID", ID), cookie.as_deref());
            let status = request.send().await.expect("an answer").status();
            assert_eq!(verdict(status), expected(who, role), "{path} as {role:?}: {status}");
            assert!(!status.is_server_error(), "{path} as {role:?}: {status}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_show_nothing_to_nobody_and_never_fail(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let paths = server::routes::page_paths();
    assert!(paths.len() >= 19, "{paths:?}");
    let sessions = sessions(&installation).await;
    let administrator = installation.caller(sessions[1].1.as_deref().expect("signed in")).await;
    let things = Things::about(&installation, &administrator, administrator.user_id()).await;
    for (role, cookie, _) in sessions {
        for written in &paths {
            for (path, accept) in [
                (written.replace("{id}", ID), "text/html"),
                (things.page_at(written), "text/html"),
                (things.page_at(written), "*/*"),
            ] {
                let request = installation
                    .request(Method::GET, &path, cookie.as_deref())
                    .header("accept", accept);
                let answer = tokio::time::timeout(std::time::Duration::from_secs(20), request.send()).await;
                let answer = answer
                    .unwrap_or_else(|_| panic!("{path} as {role:?} does not end"))
                    .expect("an answer");
                let status = answer.status();
                assert!(!status.is_server_error(), "{path} as {role:?}: {status}");
                let open = matches!(path.as_str(), "/sign-in" | "/welcome");
                if role.is_none() && !open {
                    let to = answer
                        .headers()
                        .get("location")
                        .and_then(|to| to.to_str().ok())
                        .unwrap_or_default();
                    assert!(
                        status.is_redirection() && to.starts_with("/sign-in"),
                        "{path}: {status} {to}"
                    );
                }
                if let Some(role) = role
                    && !path.contains(ID)
                    && !open
                {
                    let least = match written.as_str() {
                        "/users" | "/audit" => Role::Administrator,
                        "/campaigns/new"
                        | "/campaigns/{id}/edit"
                        | "/campaigns/{id}/import"
                        | "/campaigns/{id}/rehearsal" => Role::Manager,
                        _ => Role::Viewer,
                    };
                    let expected = if role >= least { 200 } else { 403 };
                    assert_eq!(status, expected, "{path} as {role}");
                }
            }
        }
    }
}
