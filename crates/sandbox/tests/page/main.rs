//! The inspector's page in a headless Chromium. Needs `chromium` and `chromedriver`:
//! `cargo test -p nxcloud-sandbox --features browser-tests --test page`

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod browser;
#[path = "../common/mod.rs"]
mod common;

use std::time::{SystemTime, UNIX_EPOCH};

use browser::Page;
use common::{Hook, SMS_BODY, built_in, send, signed, sms};
use fantoccini::key::Key;
use nxcloud_sandbox::ACCESS_SECRET;
use nxcloud_signing::{AccessKey, Secret, Signer};
use serde_json::{Value, json};

const SMS: [&str; 3] = ["/api/sms/mtsend_v2", "3", "mtsend"];
const WHATSAPP: [&str; 3] = ["/api/wa/mt", "2", "mt"];
const VIBER: [&str; 3] = ["/api/viber/mt", "7", "mt"];

fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(elapsed.as_millis()).unwrap()
}

/// Sends a signed request; returns the reply's body.
async fn sent(page: &Page, what: [&str; 3], body: &Value) -> String {
    let bytes = signed(&built_in(), what, now(), body.to_string().as_bytes());
    send(page.sandbox.url(), &bytes).await.unwrap().body
}

fn text_to(number: &str, text: &str) -> Value {
    json!({ "appKey": "app-1", "phone": number, "content": text, "sourceAddress": "ACME" })
}

fn whatsapp(text: &str) -> Value {
    json!({
        "appkey": "app-1", "business_phone": "12025550143", "messaging_product": "whatsapp",
        "recipient_type": "individual", "to": "8615012345678", "type": "text", "text": { "body": text },
    })
}

fn viber() -> Value {
    json!({
        "appkey": "app-1", "phone": "8615012345678", "functionType": "text_button",
        "messageData": {
            "rateType": "Promotional", "text": "New bags are here", "buttonText": "See all",
            "buttonLink": "https://shop.example/bags",
        },
    })
}

const CODE: &str = r#"{"appKey":"app-1","phone":"8615012345678","content":"Your code is 4711"}"#;

/// A request whose client signed its body with a space after each colon and comma.
async fn respelled(page: &Page) {
    let over = CODE.replace("\":", "\": ").replace("\",", "\", ");
    let bytes = signed(&built_in(), SMS, now(), over.as_bytes());
    let bytes = String::from_utf8(bytes).unwrap();
    let (head, _) = bytes.split_once("\r\n\r\n").unwrap();
    let length = |text: &str| format!("content-length: {}", text.len());
    let head = head.replace(&length(&over), &length(CODE));
    let bytes = format!("{head}\r\n\r\n{CODE}");
    send(page.sandbox.url(), bytes.as_bytes()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_list_explains_the_first_request_which_then_appears() {
    let page = Page::open().await;
    page.until_text("#empty", "sandbox-key").await;
    assert!(page.text("#empty").await.contains(page.sandbox.url()));
    assert!(!page.text("body").await.contains(ACCESS_SECRET));
    page.picture("empty").await;
    sent(&page, SMS, &text_to("8615012345678", "您好")).await;
    page.until_text("#rows li", "send_sms").await;
    let row = page.text("#rows li").await;
    for expected in ["✓ accepted", "8615012345678", "sms"] {
        assert!(row.contains(expected), "{expected} in {row}");
    }
    assert_eq!(page.count("#rows li").await, 1);
    page.until("document.getElementById('empty').hidden").await;
    page.until_text("#said", "1 new request").await;
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_request_shows_its_cause_and_both_strings_to_sign() {
    let page = Page::open().await;
    respelled(&page).await;
    page.until_text("#rows li", "1003 body-reserialised").await;
    page.click("#rows li").await;
    page.until_text("#cause", "re-serialised").await;
    let advice = page.text("#advice").await;
    assert!(advice.contains("serialise the body once"), "{advice}");
    let server = page.text("#server-string").await;
    let client = page.text("#client-string").await;
    assert!(
        server.contains("&body={\"appKey\":") && client.contains("&body={\"appKey\": \"app-1\", ")
    );
    assert!(server.ends_with("&accessSecret=***") && client.ends_with("&accessSecret=***"));
    assert_eq!(page.count("#client-string mark").await, 5);
    assert_eq!(page.text("#client-string mark").await, " ");
    assert_eq!(page.count("#server-string mark.gap").await, 5);
    let detail = page.text("#detail").await;
    assert!(
        detail.contains("\n  \"phone\": \"8615012345678\","),
        "{detail}"
    );
    assert!(!detail.contains("[object"), "{detail}");

    let bytes = sms(now(), "another", SMS_BODY.as_bytes());
    send(page.sandbox.url(), &bytes).await.unwrap();
    page.until_text("#rows li", "wrong-secret").await;
    page.click("#rows li").await;
    page.until_text("#detail", "What the client signed is not known")
        .await;
    assert_eq!(page.count("#client-string").await, 0);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_and_a_reply_reach_the_webhook_and_the_phone_shows_them() {
    let mut hook = Hook::start("ok").await;
    let page = Page::open().await;
    sent(&page, WHATSAPP, &whatsapp("Your parcel is here")).await;
    page.until_text(".bubble .state", "accepted").await;
    assert!(page.text(".bubble").await.contains("WhatsApp"));
    // No address is set, so the page asks for one.
    page.click(".bubble .receipts button").await;
    page.until("document.getElementById('address-dialog').open")
        .await;
    page.fill("#address-url", "https://hooks.example/").await;
    page.click("#address-yes").await;
    page.until_text("#address-error", "an http:// address of this machine only")
        .await;
    page.fill("#address-url", &hook.url("/hook")).await;
    page.click("#address-all").await;
    page.click("#address-yes").await;
    let pushed: Value = serde_json::from_str(&hook.next().await.body).unwrap();
    assert_eq!(pushed["statuses"][0]["status"], "sent");
    page.until_text(".bubble .state", "sent").await;

    page.eval(
        "(() => { const select = document.querySelector('.receipts select'); select.value = '2'; \
         select.dispatchEvent(new Event('change')); })()",
    )
    .await;
    page.click(".bubble .receipts button").await;
    let pushed: Value = serde_json::from_str(&hook.next().await.body).unwrap();
    let status = &pushed["statuses"][0];
    assert_eq!(
        (&status["status"], &status["recipient_id"]),
        (&"read".into(), &"8615012345678".into())
    );
    page.until_text(".bubble .state", "read").await;
    page.until_text("#notice", "accepted by the webhook").await;

    page.fill("#reply", "Thank you").await;
    page.press_key(Key::Enter).await;
    let pushed: Value = serde_json::from_str(&hook.next().await.body).unwrap();
    assert_eq!(pushed["messages"][0]["text"]["body"], "Thank you");
    page.until_text(".bubble.own", "Thank you").await;
    assert_eq!(page.eval("document.activeElement.id").await, "reply");

    // The pushes are listed with the request, and can be sent again.
    page.click("#rows li").await;
    page.until("document.querySelectorAll('.deliveries > li').length === 3")
        .await;
    page.click(".deliveries button").await;
    let pushed: Value = serde_json::from_str(&hook.next().await.body).unwrap();
    assert_eq!(pushed["statuses"][0]["status"], "sent");
    page.until("document.querySelectorAll('.deliveries > li').length === 4")
        .await;
    // The two expected refusals are the only complaints of the browser.
    let complaints = page.complaints();
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(
        complaints[0].contains("409") && complaints[1].contains("422"),
        "{complaints:?}"
    );
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_in_a_message_stays_text() {
    let page = Page::open().await;
    let markup = "<script>window.ran=1</script><img src=x onerror=window.ran=1><b id=bold>x</b>";
    sent(&page, SMS, &text_to("86110000", markup)).await;
    sent(&page, WHATSAPP, &whatsapp(markup)).await;
    let refused = json!({ "appKey": markup, "phone": markup, markup: 1 }).to_string();
    let signer = Signer::new(
        AccessKey::new("sandbox-key").unwrap(),
        Secret::new("other").unwrap(),
    );
    send(
        page.sandbox.url(),
        &signed(&signer, SMS, now(), refused.as_bytes()),
    )
    .await;
    page.until("document.querySelectorAll('#rows li').length === 3")
        .await;
    for row in 1..=3 {
        page.click(&format!("#rows li:nth-child({row})")).await;
        let id = 4 - row;
        page.until(&format!(
            "document.getElementById('detail').dataset.id === '{id}'"
        ))
        .await;
        assert!(
            page.text("#detail")
                .await
                .contains("<script>window.ran=1</script>")
        );
    }
    page.click("#rows li:nth-child(2)").await;
    page.until_text(".bubble .text", "<img src=x onerror=window.ran=1>")
        .await;
    assert_eq!(page.count("main script, main img, #bold").await, 0);
    assert_eq!(page.eval("window.ran ?? null").await, Value::Null);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_that_is_switched_on_hits_the_next_request() {
    let page = Page::open().await;
    page.click("#open-faults").await;
    page.click("#fault-status").await;
    page.until_text("#faults-on", "1 on").await;
    page.until("document.getElementById('fault-status').getAttribute('aria-checked') === 'true'")
        .await;
    page.picture("faults").await;
    page.click("#faults-dialog [data-close]").await;
    page.until_text("#faults-bar", "status 503 for all operations")
        .await;
    let bytes = signed(&built_in(), SMS, now(), SMS_BODY.as_bytes());
    assert_eq!(send(page.sandbox.url(), &bytes).await.unwrap().status, 503);
    page.until_text("#rows li", "503 fault").await;
    page.click("#faults-bar button").await;
    page.until("document.getElementById('faults-bar').hidden")
        .await;
    let bytes = signed(&built_in(), SMS, now(), SMS_BODY.as_bytes());
    assert_eq!(send(page.sandbox.url(), &bytes).await.unwrap().status, 200);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_arrives_while_the_list_loads_is_shown() {
    let page = Page::open().await;
    // The next list is taken from the server at once, but reaches the page only when it is released.
    let hold = "(() => { const get = window.fetch; window.held = 0; window.fetch = async (path, ...rest) => { \
        const answer = await get(path, ...rest); \
        if (String(path).includes('view=summary') && !String(path).includes('&q=')) { \
            window.held += 1; await new Promise((done) => { window.release = done; }); } \
        return answer; }; return true; })()";
    page.eval(hold).await;
    // Ending the search reloads the list.
    page.press("/").await;
    page.press("x").await;
    page.press_key(Key::Escape).await;
    page.until("window.held === 1").await;
    sent(&page, SMS, &text_to("8615012345678", "meanwhile")).await;
    let rows = "document.querySelectorAll('#rows li').length";
    page.until(&format!("{rows} === 1")).await;
    page.eval("(window.release(), new Promise((done) => setTimeout(() => done(true), 200)))")
        .await;
    assert_eq!(page.eval(rows).await, 1);
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_searched_navigated_by_keyboard_and_cleared() {
    let page = Page::open().await;
    for text in ["one apple", "two pears", "three apples"] {
        sent(&page, SMS, &text_to("86110000", text)).await;
    }
    let rows = |count: u32| format!("document.querySelectorAll('#rows li').length === {count}");
    page.until(&rows(3)).await;
    page.press("/").await;
    assert_eq!(page.eval("document.activeElement.id").await, "search");
    page.press("APPLE").await;
    page.until(&rows(2)).await;
    // Events that arrive meanwhile may match the search or not.
    sent(&page, SMS, &text_to("86110000", "four apples")).await;
    sent(&page, SMS, &text_to("86110000", "five plums")).await;
    page.until(&rows(3)).await;
    page.press_key(Key::Escape).await;
    page.until(&rows(5)).await;
    assert_eq!(page.eval("document.activeElement.id").await, "rows");

    let active = "document.querySelector('#rows .active')?.dataset.id ?? ''";
    for (key, expected) in [("j", "5"), ("j", "4"), ("j", "3"), ("k", "4")] {
        page.press(key).await;
        assert_eq!(page.eval(active).await, expected, "{key}");
    }
    page.press_key(Key::Down).await;
    assert_eq!(page.eval(active).await, "3");
    let owner = "document.getElementById('rows').getAttribute('aria-activedescendant')";
    assert_eq!(page.eval(owner).await, "request-3");
    page.press_key(Key::Enter).await;
    page.until_text("#detail", "three apples").await;
    page.press_key(Key::Escape).await;
    page.until_text("#detail", "No request is open").await;
    page.press("?").await;
    page.until("document.getElementById('keys-dialog').open")
        .await;
    page.press_key(Key::Escape).await;
    page.until("!document.getElementById('keys-dialog').open")
        .await;

    page.click("#clear").await;
    page.click("#clear-dialog [data-close]").await;
    assert_eq!(page.sandbox.requests().len(), 5);
    page.click("#clear").await;
    page.click("#clear-yes").await;
    page.until_text("#empty", "Nothing received yet").await;
    assert!(page.sandbox.requests().is_empty());
    page.close().await;
}

/// Every element with text of its own, in both schemes, whose contrast is below what WCAG AA asks for.
const CONTRAST: &str = r#"(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (css) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => { for (let e = element; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c; } return [255, 255, 255, 255]; };
  const bad = [];
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    if (!element.checkVisibility() || element.closest(".hidden, noscript, select, [disabled]")) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(rgba(style.color)), light(ground(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) bad.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)} ${element.textContent.slice(0, 30)}`);
  }
  return bad;
})()"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_colour_schemes_are_readable_and_a_narrow_window_fits() {
    let page = Page::open().await;
    sent(&page, SMS, &text_to("8615012345678", "Your code is 4711")).await;
    sent(
        &page,
        WHATSAPP,
        &whatsapp("*Hello*, your parcel is on its way"),
    )
    .await;
    sent(&page, VIBER, &viber()).await;
    sent(
        &page,
        ["/api/number/check", "1", "numbercheck"],
        &json!({ "phone": "8613912345678", "appkey": "app-1" }),
    )
    .await;
    sent(
        &page,
        SMS,
        &json!({ "appKey": "app-1", "phone": "8615012345678" }),
    )
    .await;
    respelled(&page).await;
    let hook = Hook::start("ok").await;
    page.sandbox.pushes().send_all_to(hook.url("/hook"));
    let requests = page.sandbox.requests();
    for (request, service, push, example) in [
        (1, "whatsapp", "message_status", "read"),
        (2, "viber", "message_receipt", "delivered"),
    ] {
        let order = nxcloud_sandbox::PushRequest::new(service, push);
        let order = order.example(example).following(&requests[request], 0);
        page.sandbox.pushes().send(order).await.unwrap();
    }
    page.until("document.querySelectorAll('#rows li').length === 6")
        .await;
    page.click("#rows li").await;
    page.until("document.getElementById('client-string')").await;
    page.until("document.querySelectorAll('.bubble').length === 3")
        .await;
    let mut grounds = Vec::new();
    page.size(1440, 820);
    for scheme in ["light", "dark"] {
        page.prefers("prefers-color-scheme", scheme);
        page.until(&format!(
            "matchMedia('(prefers-color-scheme: {scheme})').matches"
        ))
        .await;
        assert_eq!(page.eval(CONTRAST).await, json!([]), "{scheme}");
        grounds.push(
            page.eval("getComputedStyle(document.body).backgroundColor")
                .await,
        );
        page.picture(scheme).await;
        for (button, dialog) in [("#open-faults", "faults"), ("#open-pushes", "pushes")] {
            page.click(button).await;
            page.until(&format!("document.querySelector('#{dialog} li')"))
                .await;
            assert_eq!(page.eval(CONTRAST).await, json!([]), "{dialog} {scheme}");
            page.picture(&format!("{dialog}-{scheme}")).await;
            page.click(&format!("#{dialog}-dialog [data-close]")).await;
        }
    }
    assert_ne!(grounds[0], grounds[1]);
    // The switch goes before the system.
    page.click("#theme").await;
    page.until_text("#theme", "Theme: light").await;
    assert_eq!(
        page.eval("getComputedStyle(document.body).backgroundColor")
            .await,
        grounds[0]
    );
    page.size(390, 844);
    for area in ["list", "detail", "phone"] {
        page.click(&format!(".areas [data-area={area}]")).await;
        let wide = page.eval("document.documentElement.scrollWidth").await;
        assert_eq!(wide, 390, "{area}");
        assert_eq!(page.eval(CONTRAST).await, json!([]), "{area}");
        page.picture(&format!("narrow-{area}")).await;
    }
    page.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_bounded_and_older_requests_load_on_demand() {
    let page = Page::open().await;
    for number in 0..620 {
        common::call(page.sandbox.url(), "GET", &format!("/{number}")).await;
    }
    page.until_text("#rows li", "/619").await;
    assert_eq!(page.count("#rows li").await, 500);
    page.click("#older").await;
    page.until("document.querySelectorAll('#rows li').length === 620")
        .await;
    page.until("document.getElementById('older').hidden").await;
    page.close().await;
}

/// Replies wait until the test calls `release`, and then fail if it says so.
const HELD: &str = r#"
  const real = window.fetch;
  const held = new Promise((resolve) => { window.release = resolve; });
  window.fetch = async (...request) => { if (await held) throw new Error("no answer"); return real(...request); };
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_states_appear_only_after_loading() {
    let page = Page::open().await;
    sent(&page, SMS, &text_to("8615012345678", "Your code is 4711")).await;
    let held = json!({ "source": HELD });
    page.browser("Page.addScriptToEvaluateOnNewDocument", &held);
    let parts = ["#empty", "#phone", "#faults", "#pushes"];
    for fails in [false, true] {
        page.reload().await;
        page.until_text("#live", "live").await;
        for (button, dialog) in [("#open-faults", "faults"), ("#open-pushes", "pushes")] {
            page.click(button).await;
            page.click(&format!("#{dialog}-dialog [data-close]")).await;
        }
        for part in parts {
            page.until_text(part, "Loading").await;
            assert_eq!(page.text(part).await, "Loading …", "{part}");
        }
        page.picture("loading").await;
        page.eval(&format!("window.release({fails})")).await;
        if fails {
            for part in parts {
                page.until_text(part, "Loading failed").await;
            }
            page.picture("not-loaded").await;
        } else {
            page.until_text("#rows li", "send_sms").await;
            page.until_text("#phone", "Your code is 4711").await;
            page.until(
                "document.querySelector('#faults li') && document.querySelector('#pushes li')",
            )
            .await;
            page.until("document.getElementById('empty').hidden").await;
        }
    }
    page.close().await;
}
