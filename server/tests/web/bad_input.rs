//! Bad input of any kind gets a sentence and a 4xx, never a 500.

use crate::installation::{Installation, PASSWORD, campaign_content};
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
    bodies.push(format!(r#"{{"content":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000)).into_bytes());
    let mut content = campaign_content();
    for (field, value) in [
        ("name", serde_json::json!("x".repeat(900_000))),
        ("name", serde_json::json!("a\0b")),
        ("script", serde_json::json!("{{".repeat(9_000))),
        ("max_concurrent_calls", serde_json::json!(1e300)),
        ("ring_seconds", serde_json::json!(-1)),
        ("default_country", serde_json::json!("\u{1f1e9}\u{1f1ea}")),
        (
            "result_fields",
            serde_json::json!([{ "name": "X".repeat(900_000), "kind": { "type": "text" }, "description": "" }]),
        ),
        (
            "hours",
            serde_json::json!({ "days": [{ "from": 65_535, "to": 0 }, null, null, null, null, null, null] }),
        ),
    ] {
        let before = std::mem::replace(&mut content[field], value);
        bodies.push(format!(r#"{{"id":"{id}","base_revision":1,"content":{content}}}"#).into_bytes());
        content[field] = before;
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
        // A body that does not say how long it is.
        let pieces = futures::stream::iter((0..40).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 100_000])));
        let request = installation
            .request(Method::POST, path, Some(&cookie))
            .header("content-type", "application/json")
            .body(reqwest::Body::wrap_stream(pieces));
        // The server may hang up before it has heard all of it.
        if let Ok(answer) = request.send().await {
            assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn no_route_fails_on_rubbish(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let cookie = installation.administrator().await;
    let caller = installation.caller(&cookie).await;
    let campaign = installation.campaign(&caller).await;
    let rubbish = [
        "%00",
        "%ff%fe",
        "..%2f..%2fetc%2fpasswd",
        "'%20or%201=1",
        "01900000-0000-7000-8000-00000000000g",
        "-1",
        "99999999999999999999999999",
        "%F0%9F%A6%80%E2%80%AE",
        "%0d%0aset-cookie:%20x",
        // Cursors as we write them, with numbers that no list has: -2^63, 2^64 - 1, and a time after the year 9999.
        "LTkyMjMzNzIwMzY4NTQ3NzU4MDg",
        "MTg0NDY3NDQwNzM3MDk1NTE2MTU",
        "WzkyMjMzNzIwMzY4NTQ3NzU4MDcsIisxNDE1NTU1MDEyMyJd",
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
            format!("/campaigns/{campaign}/leads?search={piece}"),
            format!("/campaigns/{campaign}/leads?after={piece}"),
            format!("/campaigns/{campaign}/leads?status={piece}"),
            format!("/campaigns?after={piece}&status={piece}"),
            format!("/sign-in?next={piece}&__path=/api/sign-in&__err={piece}"),
            format!("/conversations?after={piece}&campaign={piece}&status={piece}"),
            format!("/conversations/{piece}"),
            format!("/monitor/{piece}"),
            format!("/do-not-call?search={piece}&after={piece}"),
            format!("/audit?after={piece}"),
            format!("/welcome?token={piece}"),
            format!("/{piece}"),
            format!("/pkg/{piece}"),
        ] {
            for cookie in [Some(cookie.as_str()), None] {
                let request = installation
                    .request(Method::GET, &path, cookie)
                    .header("accept", "text/html");
                let answer = tokio::time::timeout(Duration::from_secs(20), request.send()).await;
                let answer = answer
                    .unwrap_or_else(|_| panic!("{path} does not end"))
                    .expect("an answer");
                let status = answer.status();
                assert!(!status.is_server_error(), "{path}: {status}");
                assert_ne!(
                    answer.headers().get("set-cookie").map(|cookie| cookie.as_bytes()),
                    Some(&b"x"[..])
                );
            }
        }
        for (path, body) in [
            ("/campaigns/x/import", piece),
            ("/campaigns/01900000-0000-7000-8000-000000000000/import", piece),
            (&format!("/campaigns/{campaign}/import"), piece),
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
async fn uploads_of_every_kind_are_answered_with_a_sentence(pool: PgPool) {
    let installation = Installation::start(pool.clone()).await;
    let cookie = installation.administrator().await;
    let caller = installation.caller(&cookie).await;
    let campaign = installation.campaign(&caller).await;
    let path = format!("/campaigns/{campaign}/import");
    let part = |name: &str, file: &str, content: &[u8]| {
        let mut part = format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n").into_bytes();
        part.extend_from_slice(content);
        part.extend_from_slice(b"\r\n");
        part
    };
    let whole = |parts: &[Vec<u8>]| [parts.concat(), b"--x--\r\n".to_vec()].concat();
    let file = "; filename=\"people.csv\"";
    let good = b"name,phone\nAda,+14155550123\n";
    let refused = [
        Vec::new(),
        whole(&[]),
        b"--x\r\n".to_vec(),
        b"--x\r\ncontent-disposition: form-data\r\n\r\n".to_vec(),
        // Broken off in the middle of the file.
        part("file", file, good),
        whole(&[part("file", file, b"")]),
        whole(&[part("file", file, &[0; 5_000])]),
        whole(&[part("file", file, b"PK\x03\x04")]),
        whole(&[part("file", file, "a,".repeat(5_000).as_bytes())]),
        whole(&[
            part("default_country", "", "DE".repeat(1_000_000).as_bytes()),
            part("file", file, good),
        ]),
        whole(&[part("default_country", "", b"\0\0"), part("file", file, good)]),
        whole(&[part("default_country", "", b"\xff\xff"), part("file", file, good)]),
        whole(&[part("default_country", "", b"ZZ"), part("file", file, good)]),
        whole(&[part("other", file, good)]),
    ];
    let send = async |body: Vec<u8>, accept: &str| {
        let request = installation.request(Method::POST, &path, Some(&cookie)).body(body);
        let request = request
            .header("content-type", "multipart/form-data; boundary=x")
            .header("accept", accept);
        request.send().await.expect("an answer")
    };
    for (number, body) in refused.into_iter().enumerate() {
        let answer = send(body.clone(), "application/json").await;
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_client_error(), "body {number}: {status} {text}");
        let error: domain::UserError = serde_json::from_str(&text).expect("errors are sentences");
        assert!(!error.message.is_empty());
        let page = send(body, "text/html").await;
        let to = page.headers()["location"].to_str().expect("an address").to_owned();
        assert!(
            page.status().is_redirection() && to.contains("?problem="),
            "body {number}: {to}"
        );
    }
    let count = async || -> i64 {
        let counting = sqlx::query_scalar("SELECT count(*) FROM imports");
        counting.fetch_one(&pool).await.expect("a count")
    };
    assert_eq!(count().await, 0);
    let taken = [
        whole(&[part("file", "; filename=\"C:\\\\x\\\\\u{202e}\u{1f980}.csv\"", good)]),
        whole(&[part("file", &format!("; filename=\"{}\"", "n".repeat(3_000)), good)]),
        whole(&[part("file", file, b""), part("pasted", "", good)]),
        // Halves of characters in UTF-16: text of a kind, shown with replacement characters.
        whole(&[part("file", file, b"\xff\xfe\x00\xd8\x00\xd8")]),
        whole(&[part(
            "file",
            file,
            b"name,phone\nA\0da,+14155550123\n\xff\xfe\xed\xa0\x80,12\n",
        )]),
    ];
    for (number, body) in taken.into_iter().enumerate() {
        let answer = send(body, "application/json").await;
        assert_eq!(
            answer.status(),
            200,
            "body {number}: {}",
            answer.text().await.unwrap_or_default()
        );
    }
    assert_eq!(count().await, 5);

    // A file that is too large is heard out, so that the sentence arrives.
    let head = part("file", file, b"");
    let pieces = std::iter::once(head[..head.len() - 2].to_vec())
        .chain((0..105).map(|_| vec![b'x'; 1024 * 1024]))
        .chain([b"\r\n--x--\r\n".to_vec()])
        .map(Ok::<_, std::io::Error>);
    let request = installation
        .request(Method::POST, &path, Some(&cookie))
        .header("content-type", "multipart/form-data; boundary=x")
        .body(reqwest::Body::wrap_stream(futures::stream::iter(pieces)));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 413);
    assert!(answer.text().await.expect("a body").contains("larger than 100 MB"));
    assert_eq!(count().await, 5);
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
