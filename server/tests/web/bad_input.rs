//! Bad input of any kind gets a sentence and a 4xx, never a 500.

use crate::installation::{Installation, PASSWORD};
use reqwest::Method;
use std::time::Duration;
use store::PgPool;

/// Reproducible noise (xorshift): a failure can be repeated.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}

fn bodies(noise: &mut Noise) -> Vec<Vec<u8>> {
    let id = "01900000-0000-7000-8000-000000000000";
    let nul = "\\u0000";
    let mut bodies: Vec<Vec<u8>> = [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "{".to_owned(),
        format!(r#"{{"id":"{id}","token":"{nul}","after":"{nul}","search":"{nul}","status":null,"filter":{{"search":"{nul}","after":"\ud800"}},"campaign":"{id}","import":"{id}"}}"#),
        format!(r#"{{"filter":{{"after":"9999999999999999999999"}},"after":"-1","search":"%","status":"running","campaign":"{id}"}}"#),
        format!(r#"{{"conversation_id":"{id}","command":{{"command":"say","text":"{nul}"}}}}"#),
        format!(r#"{{"id":"{id}","base_revision":-9223372036854775808,"content":{{"name":"{nul}"}}}}"#),
        format!("email=%00&password=%00&next=%00&token=%00&name=%00&number=%00&reason=%00&old=%00&new=%00&id={id}&user={id}&role=viewer&import={id}&campaign={id}&command=start&paused=true&locked=true&default_country=%00&columns%5B0%5D=%00&lead%5Bname%5D=%00&lead%5Bphone_number%5D=%00"),
        "email=%ff%fe&password=%ff&token=%ff&name=%ff&number=%ff&reason=%ff".to_owned(),
        format!("email={0}&password={0}&token={0}&name={0}&number={0}&reason={0}&old={0}&new={0}&role=viewer", "9".repeat(100_000)),
        "columns%5B99999999999999999999%5D=x&lead%5B%5D%5B%5D=x&%5B%5D=x&form%5Bretries%5D%5B4294967295%5D=1".to_owned(),
        "[".repeat(20_000),
    ]
    .map(String::into_bytes)
    .to_vec();
    for length in [1, 7, 64, 1_000, 60_000] {
        bodies.push(noise.bytes(length));
    }
    bodies
}

#[sqlx::test(migrations = "../migrations")]
async fn no_server_function_fails_on_rubbish(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let cookie = installation.administrator().await;
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let bodies = bodies(&mut noise);
    for (path, _) in server_fn::axum::server_fn_paths() {
        // They would end the session of the walk, and are tested with it elsewhere.
        if path.starts_with("/api/sign-out") {
            continue;
        }
        for body in &bodies {
            for kind in [
                "application/json",
                "application/x-www-form-urlencoded",
                "text/plain; charset=\u{1}",
            ] {
                let request = installation
                    .request(Method::POST, path, Some(&cookie))
                    .body(body.clone());
                let Ok(request) = request.header("content-type", kind).build() else {
                    continue;
                };
                let answer = installation.client.execute(request).await.expect("an answer");
                let status = answer.status();
                let text = answer.text().await.unwrap_or_default();
                let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
                assert!(!status.is_server_error(), "{path}: {status} {text}\nfor {kind} {shown}");
                if status.is_client_error() && !text.is_empty() {
                    let error: domain::UserError = serde_json::from_str(&text).expect("errors are sentences");
                    assert!(!error.message.is_empty());
                }
            }
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_too_large_is_refused(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let cookie = installation.administrator().await;
    for path in ["/api/campaigns/create", "/api/sign-in", "/api/leads/add"] {
        let request = installation
            .request(Method::POST, path, Some(&cookie))
            .body(vec![b'x'; 2_000_000]);
        let answer = request
            .header("content-type", "application/json")
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 413, "{path}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn no_route_fails_on_rubbish(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let cookie = installation.administrator().await;
    let rubbish = [
        "%00",
        "%ff%fe",
        "..%2f..%2fetc%2fpasswd",
        "'%20or%201=1",
        "01900000-0000-7000-8000-00000000000g",
        "-1",
    ];
    for piece in rubbish {
        for path in [
            format!("/events?topic={piece}"),
            format!("/events?topic=dashboard&after={piece}"),
            format!("/events?topic=conversation:{piece}"),
            format!("/listen/{piece}"),
            format!("/recordings/{piece}.ogg"),
            format!("/recordings/{piece}"),
            format!("/imports/{piece}/refused.csv"),
            format!("/imports/{piece}"),
            format!("/campaigns/{piece}"),
            format!("/campaigns/{piece}/leads?search={piece}&after={piece}&status={piece}"),
            format!("/conversations?after={piece}&campaign={piece}&status={piece}"),
            format!("/conversations/{piece}"),
            format!("/monitor/{piece}"),
            format!("/do-not-call?search={piece}&after={piece}"),
            format!("/audit?after={piece}"),
            format!("/welcome?token={piece}"),
            format!("/{piece}"),
            format!("/pkg/{piece}"),
        ] {
            let answer = tokio::time::timeout(
                Duration::from_secs(20),
                installation
                    .request(Method::GET, &path, Some(&cookie))
                    .header("accept", "text/html")
                    .send(),
            );
            let status = answer.await.expect("in time").expect("an answer").status();
            assert!(!status.is_server_error(), "{path}: {status}");
        }
        for (path, body) in [
            ("/campaigns/x/import", piece),
            ("/campaigns/01900000-0000-7000-8000-000000000000/import", piece),
        ] {
            let request = installation
                .request(Method::POST, path, Some(&cookie))
                .body(body.to_owned());
            let request = request.header("content-type", "multipart/form-data; boundary=x");
            let status = request.send().await.expect("an answer").status();
            assert!(status.is_client_error(), "{path}: {status}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn guessing_passwords_is_slowed_down(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let _ = installation.administrator().await;
    let mut statuses = Vec::new();
    for guess in 0..30 {
        let answer = installation
            .request(Method::POST, "/api/sign-in", None)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("email=ada%40example.com&password=guess{guess}"))
            .send()
            .await
            .expect("an answer");
        statuses.push(answer.status().as_u16());
        if statuses.last() == Some(&429) {
            break;
        }
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    // Not even the right password is tried now.
    let right = format!("email=ada%40example.com&password={}", PASSWORD.replace(' ', "+"));
    let request = installation.request(Method::POST, "/api/sign-in", None).body(right);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.send().await.expect("an answer").status(), 429);
}
