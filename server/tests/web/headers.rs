//! Where requests may come from, and what browsers are told.

use crate::installation::{Installation, PASSWORD};
use reqwest::Method;
use store::PgPool;

#[sqlx::test(migrations = "../migrations")]
async fn other_sites_change_nothing(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let cookie = installation.administrator().await;
    let cases: [(&[(&str, &str)], bool); 5] = [
        (&[("origin", "https://evil.example")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (
            &[
                ("sec-fetch-site", "same-site"),
                ("origin", "http://other.localhost:3000"),
            ],
            false,
        ),
        (
            &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:3000")],
            true,
        ),
        (&[], true),
    ];
    for (headers, welcome) in cases {
        for (method, path) in [
            (Method::POST, "/api/set-dialling-paused"),
            (Method::POST, "/campaigns/x/import"),
            (Method::GET, "/listen/x"),
        ] {
            let mut request = installation
                .request(method.clone(), path, Some(&cookie))
                .header("content-type", "application/x-www-form-urlencoded");
            if method == Method::GET {
                request = request.header("upgrade", "websocket");
            } else {
                request = request.body("paused=true");
            }
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let status = request.send().await.expect("an answer").status();
            assert_eq!(status != 403, welcome, "{path} with {headers:?}: {status}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_policy_allows_the_one_inline_script_and_no_other(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let answer = installation
        .request(Method::GET, "/sign-in", None)
        .header("accept", "text/html")
        .send()
        .await;
    let answer = answer.expect("an answer");
    let headers = answer.headers().clone();
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let html = answer.text().await.expect("a page");
    let policy = header("content-security-policy");
    let nonce = policy
        .split_once("'nonce-")
        .expect("a nonce")
        .1
        .split_once('\'')
        .expect("its end")
        .0;
    assert!(nonce.len() >= 16);
    for script in html.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap_or_default();
        assert!(
            tag.contains(&format!("nonce=\"{nonce}\"")),
            "a script without the nonce: {tag}"
        );
    }
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
        "{policy}"
    );
    assert!(
        policy.contains("frame-ancestors 'none'") && policy.contains("object-src 'none'"),
        "{policy}"
    );
    assert!(
        !html.contains(" style="),
        "an inline style would be refused by the policy"
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("strict-transport-security"), "");
    let again = installation.get("/sign-in", None).await;
    let other = again.headers()["content-security-policy"].to_str().expect("text");
    assert!(!other.contains(nonce), "each answer has its own nonce");
}

#[sqlx::test(migrations = "../migrations")]
async fn over_https_browsers_are_told_to_stay_there(pool: PgPool) {
    let keys = [("RINGSIDE_PUBLIC_URL", "https://calls.example.com")];
    let installation = Installation::start_with(pool, &keys).await;
    let answer = installation.get("/health/live", None).await;
    assert!(answer.headers().contains_key("strict-transport-security"));

    let _ = installation.administrator().await;
    for (password, session) in [("wrong", false), (PASSWORD, true)] {
        let body = format!("email=ada%40example.com&password={}", password.replace(' ', "+"));
        let request = installation.request(Method::POST, "/api/sign-in", None).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.send().await.expect("an answer");
        let cookies = answer.headers().get_all("set-cookie").iter();
        let cookies: Vec<&str> = cookies.map(|cookie| cookie.to_str().expect("text")).collect();
        assert!(!cookies.is_empty());
        for cookie in &cookies {
            for part in ["HttpOnly", "SameSite=Lax", "Secure"] {
                assert!(cookie.contains(part), "{cookie}");
            }
        }
        let opened = cookies.iter().any(|cookie| cookie.starts_with("__Host-ringside="));
        assert_eq!(opened, session, "{cookies:?}");
    }
}
