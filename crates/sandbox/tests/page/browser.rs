//! A headless Chromium that shows the inspector.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use nxcloud_sandbox::Sandbox;
use serde_json::{Map, Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Number of concurrent browsers: each needs a processor.
static ROOM: Semaphore = Semaphore::const_new(2);
static NUMBER: AtomicU32 = AtomicU32::new(0);
/// Number of polls before a test fails: a minute, because test machines can be slow.
const POLLS: u32 = 1200;
const PAUSE: Duration = Duration::from_millis(50);

const ARGUMENTS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
];

/// `chromedriver` on a free port, and the browser's folder. Dropping it removes both.
struct Driver {
    process: Child,
    port: u16,
    folder: PathBuf,
}

impl Driver {
    fn start() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("nxcloud-sandbox-page-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is there");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = testing::blocking("chromedriver says its port", move || {
            let port = lines.by_ref().find_map(|line| {
                let line = line.unwrap();
                let (_, port) = line.split_once("started successfully on port ")?;
                Some(port.trim_end_matches('.').parse().unwrap())
            });
            // Later output must not fill the pipe.
            std::thread::spawn(move || lines.for_each(drop));
            port.expect("it says its port before it ends")
        });
        Self {
            process,
            port,
            folder,
        }
    }

    /// Sends a command for which the WebDriver client has no method.
    fn ask(&self, method: &str, path: &str, body: &Value) -> std::io::Result<String> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )?;
        // It ignores `connection: close` and keeps the connection open.
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(bytes) = line.strip_prefix("content-length:") {
                length = bytes.trim().parse().unwrap();
            } else if line.is_empty() {
                break;
            }
        }
        let mut reply = vec![0; length];
        reader.read_exact(&mut reply)?;
        Ok(String::from_utf8(reply).unwrap())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It ends its browser when it ends.
        if self.ask("GET", "/shutdown", &Value::Null).is_err() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The inspector of a sandbox, open in a browser.
pub(crate) struct Page {
    pub(crate) sandbox: Sandbox,
    client: Client,
    session: String,
    driver: Driver,
    _room: SemaphorePermit<'static>,
}

impl Page {
    /// Starts a sandbox and opens its inspector.
    pub(crate) async fn open() -> Self {
        let room = ROOM.acquire().await.unwrap();
        let sandbox = Sandbox::start().await.unwrap();
        let driver = Driver::start();
        let folder = format!("--user-data-dir={}", driver.folder.display());
        let mut arguments = ARGUMENTS.to_vec();
        arguments.extend([folder.as_str(), "--window-size=1500,900"]);
        let options = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(options) = options else {
            unreachable!("it is an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(options.into_iter().collect::<Map<_, _>>())
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .unwrap();
        let session = client.session_id().await.unwrap().unwrap();
        let page = Self {
            sandbox,
            client,
            session,
            driver,
            _room: room,
        };
        page.client
            .goto(&page.sandbox.inspector_url())
            .await
            .unwrap();
        page.until("document.getElementById('live').textContent === 'live'")
            .await;
        page
    }

    /// Reloads the page.
    pub(crate) async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// The result of a script.
    pub(crate) async fn eval(&self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        self.client.execute(&script, vec![]).await.unwrap()
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&self, expression: &str) {
        for _ in 0..POLLS {
            if self.eval(&format!("Boolean({expression})")).await == json!(true) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let page_text = self.eval("document.body.innerText").await;
        panic!(
            "never true: {expression}\n{}",
            page_text.as_str().unwrap_or_default()
        );
    }

    /// Waits until an element contains a text.
    pub(crate) async fn until_text(&self, css: &str, text: &str) {
        let (css, text) = (json!(css), json!(text));
        self.until(&format!(
            "document.querySelector({css})?.textContent.includes({text})"
        ))
        .await;
    }

    /// The text of an element.
    pub(crate) async fn text(&self, css: &str) -> String {
        let expression = format!("document.querySelector({})?.textContent", json!(css));
        let text = self.eval(&expression).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// How many elements there are.
    pub(crate) async fn count(&self, css: &str) -> u64 {
        let expression = format!("document.querySelectorAll({}).length", json!(css));
        self.eval(&expression).await.as_u64().unwrap()
    }

    /// Clicks like a user: the element must be visible.
    pub(crate) async fn click(&self, css: &str) {
        self.until(&format!("document.querySelector({})", json!(css)))
            .await;
        // The page may replace the element at the same moment.
        for _ in 0..POLLS {
            if let Ok(element) = self.client.find(Locator::Css(css)).await
                && element.click().await.is_ok()
            {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{css} cannot be clicked");
    }

    /// Types into an element.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let element = self.client.find(Locator::Css(css)).await.unwrap();
        element.clear().await.unwrap();
        element.send_keys(text).await.unwrap();
    }

    /// Presses keys in the focused element.
    pub(crate) async fn press(&self, keys: &str) {
        let element = self.client.active_element().await.unwrap();
        element.send_keys(keys).await.unwrap();
    }

    pub(crate) async fn press_key(&self, key: Key) {
        self.press(&char::from(key).to_string()).await;
    }

    /// A command of the browser's own protocol.
    pub(crate) fn browser(&self, command: &str, parameters: &Value) {
        let path = format!("/session/{}/goog/cdp/execute", self.session);
        let body = json!({ "cmd": command, "params": parameters });
        let reply = self.driver.ask("POST", &path, &body).unwrap();
        assert!(!reply.contains("\"error\""), "{command}: {reply}");
    }

    /// Sets the size of the page.
    pub(crate) fn size(&self, width: u32, height: u32) {
        let parameters =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.browser("Emulation.setDeviceMetricsOverride", &parameters);
    }

    /// Sets a preference of the system, such as `prefers-color-scheme`.
    pub(crate) fn prefers(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.browser("Emulation.setEmulatedMedia", &features);
    }

    /// Saves a screenshot in the folder that `NXCLOUD_SCREENSHOTS` names, if it is set.
    pub(crate) async fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("NXCLOUD_SCREENSHOTS") {
            let file = PathBuf::from(folder).join(format!("{name}.png"));
            let picture = self.client.screenshot().await.unwrap();
            std::fs::write(file, picture).unwrap();
        }
    }

    /// The warnings and errors of the browser: failed scripts, missing files, violations of the policy.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let path = format!("/session/{}/se/log", self.session);
        let reply = self
            .driver
            .ask("POST", &path, &json!({ "type": "browser" }))
            .unwrap();
        let reply: Value = serde_json::from_str(&reply).unwrap();
        let entries = reply["value"].as_array().expect("a log").iter();
        let bad = entries.filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        bad.map(|entry| entry["message"].to_string()).collect()
    }

    /// Ends the browser. It must have logged no warning.
    pub(crate) async fn close(self) {
        assert_eq!(self.complaints(), Vec::<String>::new());
        let _ = self.client.close().await;
        drop(self.driver);
        self.sandbox.shutdown().await;
    }
}
