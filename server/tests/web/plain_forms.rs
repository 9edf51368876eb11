//! Every server function as a browser without WebAssembly posts it: the answer leads on, or is a sentence.

use crate::{
    installation::{Installation, campaign_content},
    who_may::{Body, ID, server_functions},
};
use domain::{CampaignId, ErrorKind, ImportId, UserError, UserId, access::Role};
use operations::Caller;
use reqwest::{Method, Response};
use server_fn::error::ServerFnUrlError;
use store::PgPool;

/// What forms and pages are about.
pub(crate) struct Things {
    campaign: CampaignId,
    import: ImportId,
    user: UserId,
}

impl Things {
    async fn make(installation: &Installation, administrator: &str) -> Self {
        let caller = installation.caller(administrator).await;
        let viewer = installation.somebody(&caller, Role::Viewer).await;
        let user = installation.caller(&viewer).await.user_id();
        Self::about(installation, &caller, user).await
    }

    /// A campaign, and an import that waits for its mapping.
    pub(crate) async fn about(installation: &Installation, caller: &Caller, user: UserId) -> Self {
        let campaign = installation.campaign(caller).await;
        let begun = operations::imports::begin(&installation.ops, caller, campaign, String::new(), None).await;
        let mut upload = begun.expect("allowed");
        upload
            .push("name,phone\nAda,+14155550123\n".as_bytes())
            .await
            .expect("small enough");
        let import = upload.finish().await.expect("a list");
        Self { campaign, import, user }
    }

    /// The address of the page whose path axum writes as `path`, about something that is there.
    pub(crate) fn page_at(&self, path: &str) -> String {
        let id = match path.split('/').nth(1) {
            Some("campaigns") => self.campaign.to_string(),
            Some("imports") => self.import.to_string(),
            _ => ID.to_owned(),
        };
        path.replace("{id}", &id)
    }

    /// `text` with the id of what the server function at `path` is about.
    fn put_into(&self, path: &str, text: &str) -> String {
        let id = match path.split('/').nth(2) {
            Some("campaigns" | "leads" | "rehearsals") => self.campaign.to_string(),
            Some("imports") => self.import.to_string(),
            Some("users") => self.user.to_string(),
            _ => ID.to_owned(),
        };
        text.replace("ID", &id)
    }

    /// The page on which the form of the server function at `path` stands.
    fn page_of(&self, path: &str) -> String {
        match path.split('/').nth(2) {
            Some("campaigns") => format!("/campaigns/{}", self.campaign),
            Some("leads") => format!("/campaigns/{}/leads", self.campaign),
            Some("rehearsals") => format!("/campaigns/{}/rehearsal", self.campaign),
            Some("imports") => format!("/imports/{}", self.import),
            Some("users") => "/users".to_owned(),
            Some("do-not-call") => "/do-not-call".to_owned(),
            Some("account" | "sign-out-everywhere") => "/account".to_owned(),
            Some("sign-in") => "/sign-in".to_owned(),
            Some("welcome") => "/welcome?token=x".to_owned(),
            _ => "/".to_owned(),
        }
    }
}

/// Posts as a browser does.
async fn post(installation: &Installation, cookie: &str, path: &str, from: Option<&str>, body: String) -> Response {
    let mut request = installation
        .request(Method::POST, path, Some(cookie))
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    if let Some(from) = from {
        request = request.header("referer", format!("http://{}{from}", installation.address));
    }
    request
        .send()
        .await
        .unwrap_or_else(|error| panic!("{path} from {from:?}: {error:?}"))
}

/// Checks the answer to a form and follows it to the page it leads to; gives the error that it told, if any.
async fn follow(installation: &Installation, cookie: &str, what: &str, answer: Response) -> Option<UserError> {
    let status = answer.status();
    if !status.is_redirection() {
        let text = answer.text().await.expect("a body");
        assert!(status.is_client_error(), "{what}: {status} {text}");
        assert!(
            text.starts_with("<!DOCTYPE html>") && text.contains("<p>"),
            "{what}: no sentence: {text}"
        );
        return Some(UserError::new(ErrorKind::Invalid, text));
    }
    let to = answer.headers()["location"].to_str().expect("an address").to_owned();
    let origin = format!("http://{}", installation.address);
    let to = to.strip_prefix(&origin).unwrap_or(&to);
    assert!(to.starts_with('/'), "{what}: leads to {to}");
    let page = installation
        .request(Method::GET, to, Some(cookie))
        .header("accept", "text/html")
        .send()
        .await
        .unwrap_or_else(|error| panic!("{what} leads to {to}: {error:?}"));
    assert!(
        !page.status().is_server_error(),
        "{what}: the page after it answers {}",
        page.status()
    );
    let told = to.split_once("__err=")?.1;
    let told = told.split('&').next().unwrap_or_default().replace("%3D", "=");
    let error = ServerFnUrlError::<app::error::AppError>::decode_err(&told).0;
    assert!(
        !error.message.is_empty() && error.kind != ErrorKind::Unavailable,
        "{what}: {error:?}"
    );
    Some(error)
}

#[sqlx::test(migrations = "../migrations")]
async fn every_form_leads_on_or_tells_what_is_wrong(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let cookie = installation.administrator().await;
    let things = Things::make(&installation, &cookie).await;
    let content = campaign_content();
    let mut functions = server_functions();
    // First, while nobody has to wait after wrong passwords.
    functions.sort_by_key(|(path, ..)| !path.starts_with("/api/sign-out"));
    for (path, _, body) in functions {
        let good = match body {
            Body::Form(text) => things.put_into(path, text),
            // Not made for plain forms: they must refuse them in good order.
            Body::Json(_) | Body::Content(_) => format!("id={ID}&content[name]={}", content["name"]),
        };
        let bodies = [
            good.clone(),
            // The same once more: a reload, or somebody who pressed twice.
            good.clone(),
            format!("{good}&surplus=1"),
            String::new(),
            good.replace('=', "=%00"),
            good.replace('=', "=%ed%a0%80%ff"),
            good.replace('=', "=J%C3%BCrgen+%F0%9F%A6%80+%E2%80%AE"),
            good.replace('=', &format!("={}", "9".repeat(3_000))),
            good.split('&').map(|pair| format!("x[{pair}&")).collect(),
        ];
        for (number, body) in bodies.into_iter().enumerate() {
            for from in [Some(things.page_of(path)), None] {
                let what = format!("{path} with body {number} from {from:?}");
                let session = if path.starts_with("/api/sign-out") {
                    installation.sign_in_again("viewer@example.com").await
                } else {
                    cookie.clone()
                };
                let answer = post(&installation, &session, path, from.as_deref(), body.clone()).await;
                follow(&installation, &session, &what, answer).await;
            }
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_lead_is_added_once_and_every_mistake_is_told(pool: PgPool) {
    let installation = Installation::start(pool.clone()).await;
    let cookie = installation.administrator().await;
    let things = Things::make(&installation, &cookie).await;
    let path = "/api/leads/add";
    let page = things.page_of(path);
    let add = async |fields: &str| {
        let body = format!("campaign={}&{fields}", things.campaign);
        let answer = post(&installation, &cookie, path, Some(&page), body).await;
        follow(&installation, &cookie, fields, answer).await
    };
    let leads = async || -> i64 {
        let counting = sqlx::query_scalar("SELECT count(*) FROM leads");
        counting.fetch_one(&pool).await.expect("a count")
    };
    let good =
        "lead[name]=J%C3%BCrgen+Gro%C3%9F&lead[phone_number]=%2B49+30+901820&lead[email]=&lead[variables][plan]=gold";
    assert_eq!(add(good).await, None);
    assert_eq!(leads().await, 1);
    for (fields, field) in [
        (good, "phone_number"),
        ("lead[name]=Ada&lead[phone_number]=0049+30+901820", "phone_number"),
        ("lead[name]=Ada&lead[phone_number]=", "phone_number"),
        ("lead[name]=Ada&lead[phone_number]=call+me", "phone_number"),
        ("lead[name]=A%00&lead[phone_number]=%2B14155552671", "name"),
        ("lead[name]=A&lead[phone_number]=%2B14155552671&lead[email]=x", "email"),
        (
            "lead[name]=A&lead[phone_number]=%2B14155552671&lead[variables][a-b]=1",
            "variables",
        ),
        (
            "lead[name]=A&lead[phone_number]=%2B14155552671&lead[variables][plan]=%00",
            "variables[plan]",
        ),
    ] {
        let error = add(fields).await.unwrap_or_else(|| panic!("{fields} was taken"));
        let named: Vec<&str> = error.fields.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!(named, [field], "{fields}: {}", error.message);
    }
    assert_eq!(leads().await, 1);
    // A browser that does not say where it comes from gets the sentence itself.
    let body = format!("campaign={}&{good}", things.campaign);
    let answer = post(&installation, &cookie, path, None, body).await;
    assert_eq!(answer.status(), 422);
    let told = answer.text().await.expect("a page");
    assert!(told.contains("is in the campaign already"), "{told}");
    // Nobody is led to where a form cannot have stood.
    let elsewhere = installation
        .request(Method::POST, path, Some(&cookie))
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("referer", "https://evil.example/")
        .body(format!(
            "campaign={}&lead[name]=Eve&lead[phone_number]=%2B14155552679",
            things.campaign
        ));
    let answer = elsewhere.send().await.expect("an answer");
    assert_eq!(answer.headers()["location"], "/");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_error_too_long_for_an_address_is_a_page(pool: PgPool) {
    let installation = Installation::start(pool).await;
    let cookie = installation.administrator().await;
    let things = Things::make(&installation, &cookie).await;
    let mut body = format!(
        "campaign={}&lead[name]=Ada&lead[phone_number]=%2B14155552671",
        things.campaign
    );
    for number in 0..90 {
        body.push_str(&format!("&lead[variables][plan{number}]=%00"));
    }
    let from = things.page_of("/api/leads/add");
    let answer = post(&installation, &cookie, "/api/leads/add", Some(&from), body).await;
    assert_eq!(answer.status(), 422);
    assert!(answer.text().await.expect("a page").contains("Remove the character"));
}

#[sqlx::test(migrations = "../migrations")]
async fn an_engine_that_the_server_does_not_have_is_refused_beside_its_field(pool: PgPool) {
    let path = "/api/campaigns/form";
    let form = server_functions().into_iter().find_map(|(at, _, body)| match body {
        Body::Form(form) if at == path => Some(form),
        _ => None,
    });
    let form = form.expect("the editor's form");
    let wanted = form.replace("form[engine]=pipeline", "form[engine]=realtime");
    assert_ne!(form, wanted);
    let installation = Installation::start(pool.clone()).await;
    let cookie = installation.administrator().await;
    let save = async |body: &str| {
        let answer = post(&installation, &cookie, path, Some("/campaigns/new"), body.to_owned()).await;
        follow(&installation, &cookie, body, answer).await
    };
    assert_eq!(save(form).await, None);
    let error = save(&wanted).await.expect("refused");
    assert_eq!(error.fields[0].field, "engine", "{error:?}");
    let campaigns = sqlx::query_scalar("SELECT count(*) FROM campaigns");
    assert_eq!(campaigns.fetch_one(&pool).await.ok(), Some(1_i64));
}
