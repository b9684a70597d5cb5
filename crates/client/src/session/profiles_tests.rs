use super::*;
use crate::ErrorKind;

const TWO: &str = r#"
[default]
access_key = "key-1"
access_secret = "hush-1"

[calls]
app_id = "app-2"
app_secret = "hush-2"
base_url = "https://gateway.example"
proxy = "http://user:hush-3@proxy.example:3128"
"#;

#[test]
fn each_profile_has_its_own_account() {
    let default = Profile::of_text(TWO, "default").unwrap();
    assert!(default.credentials.nxcloud.is_some() && default.credentials.antbuddy.is_none());
    let calls = Profile::of_text(TWO, "calls").unwrap();
    assert!(calls.credentials.nxcloud.is_none() && calls.credentials.antbuddy.is_some());
    assert_eq!(calls.base_url.as_deref(), Some("https://gateway.example"));
    let debug = format!("{calls:?}");
    assert!(debug.contains("gateway.example"), "{debug}");
    assert!(!debug.contains("hush"), "{debug}");
}

#[test]
fn an_error_names_the_problem_without_the_value() {
    let cases = [
        ("", "there is no profile `default`"),
        ("default = \"hush\"", "not a table"),
        ("[default]\naccess_key = \"hush", "line 2 is not valid TOML"),
        ("[default]\naccess_key = hush", "line 2 is not valid TOML"),
        ("[default]\naccess_key = \"hush\"", "no access_secret"),
        ("[default]\naccess_secret = \"hush\"", "no access_key"),
        ("[default]\napp_id = \"hush\"", "no app_secret"),
        (
            "[default]\naccess_key = 5",
            "`access_key` of `default` is not a string",
        ),
        ("[default]\nsecret = \"hush\"", "unknown key `secret`"),
        ("[default]\nbase_url = \"https://x\"", "has no account"),
        (
            "[default]\naccess_key = \"k\"\naccess_secret = \"\"",
            "secret is empty",
        ),
        (
            "[default]\naccess_key = \"hush\\n\"\naccess_secret = \"hush\"",
            "`default`",
        ),
    ];
    for (text, expected) in cases {
        let error = Profile::of_text(text, "default").unwrap_err();
        assert!(error.contains(expected), "{expected} in {error}");
        assert!(!error.contains("hush"), "{error}");
    }
}

#[test]
fn every_string_of_a_table_is_wiped() {
    let text = format!("{TWO}\n[deep]\nlist = [\"hush\", [\"hush\"], {{ key = \"hush\" }}]");
    let mut profiles = Wiped::of_text(&text).unwrap();
    profiles.0.iter_mut().for_each(|(_, value)| wipe(value));
    let debug = format!("{:?}", profiles.0);
    assert!(debug.contains("\"access_secret\": String(\"\")"), "{debug}");
    for value in ["hush", "key-1", "gateway"] {
        assert!(!debug.contains(value), "{debug}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_access_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = std::env::temp_dir().join(format!("nxcloud-profiles-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("profiles.toml");
    std::fs::write(&path, TWO).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o620, 0o602] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = Profile::of_file(&path, "default").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let debug = format!("{error} {error:?}");
        assert!(debug.contains("chmod 600"), "{mode:o}: {debug}");
        // On a read-only mount, only this advice can be followed.
        assert!(
            debug.contains("read-only mount, set NXCLOUD_ACCESS_KEY"),
            "{debug}"
        );
        assert!(!debug.contains("hush"), "{debug}");
    }
    for mode in [0o600, 0o400] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(Profile::of_file(&path, "default").unwrap().is_some());
    }
    assert!(
        credentials_of(&path, "nobody")
            .unwrap_err()
            .to_string()
            .contains("calls, default")
    );
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(Profile::of_file(&path, "default").unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn a_file_of_another_user_is_refused_unless_root_owns_it() {
    let path = Path::new("/etc/profiles.toml");
    for (mode, owner, user, expected) in [
        (0o600, 1000, 1000, None),
        (0o400, 0, 1000, None),
        (0o600, 0, 0, None),
        (0o600, 12345, 0, Some("uid 12345")),
        (0o600, 12345, 1000, Some("uid 12345")),
        (0o644, 12345, 0, Some("uid 12345")),
        // A secret as Kubernetes mounts it for a group.
        (0o440, 0, 1000, Some("mode 440")),
    ] {
        let problem = not_private(path, 0o100_000 | mode, owner, user);
        assert_eq!(problem.is_some(), expected.is_some(), "{problem:?}");
        let problem = problem.unwrap_or_default();
        assert!(problem.contains(expected.unwrap_or_default()), "{problem}");
        assert!(expected.is_none() || problem.contains("set NXCLOUD_ACCESS_KEY"));
    }
}

#[cfg(unix)]
#[test]
fn the_owner_of_the_open_file_is_checked() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    let folder = std::env::temp_dir().join(format!("nxcloud-owner-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("profiles.toml");
    std::fs::write(&path, TWO).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    // Only root can change the owner of a file.
    if std::os::unix::fs::chown(&path, Some(12345), None).is_ok() {
        assert_eq!(std::fs::metadata(&path).unwrap().uid(), 12345);
        let error = Profile::of_file(&path, "default").unwrap_err().to_string();
        assert!(
            error.contains("belongs to another user (uid 12345)"),
            "{error}"
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn an_error_names_the_wrong_encoding() {
    let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let marked = format!("\u{feff}{TWO}");
    for (bytes, expected) in [
        (wide(&marked, u16::to_le_bytes), "the file is UTF-16"),
        (wide(&marked, u16::to_be_bytes), "the file is UTF-16"),
        (wide(TWO, u16::to_le_bytes), "the file is UTF-16"),
        (
            b"[a]\nbase_url = \"\xc4\xe3\"".to_vec(),
            "line 2 is not UTF-8",
        ),
    ] {
        let error = utf_8(&bytes).unwrap_err();
        assert!(
            error.contains(expected) && error.contains("save"),
            "{error}"
        );
    }
    assert!(Profile::of_text(utf_8(marked.as_bytes()).unwrap(), "default").is_ok());
}
