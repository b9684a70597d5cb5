//! Files that reach their limit, files that were cut off, and full disks.

use std::fs::OpenOptions;
use std::time::Duration;

use axum::http::Method;
use bytes::Bytes;

use super::*;
use crate::platform::verdict::Verdict;
use crate::server::record::Parts;

/// A file in its own folder, which is removed at the end.
fn push(recorder: &mut Recorder, id: u64) {
    recorder.push(id, Recorder::line(request(id).parts()));
}

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("nxcloud-sandbox-file-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("requests.jsonl")
    }

    fn open(&self, max_size: u64) -> (Recorder, Vec<u64>) {
        let mut loaded = Vec::new();
        let recorder = Recorder::open(&self.path(), max_size, |request| loaded.push(request.id()));
        (recorder.unwrap(), loaded)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn request(id: u64) -> ReceivedRequest {
    let parts = Parts {
        received_at: 0,
        took: Duration::ZERO,
        service: None,
        operation: None,
        method: Method::POST,
        path: "/path".to_owned(),
        query: None,
        headers: Vec::new(),
        body: Bytes::from_static(b"body"),
        verdict: Verdict::accepted(),
        status: 200,
        reply: Bytes::new(),
    };
    ReceivedRequest::new(id, parts.into())
}

#[test]
fn a_full_file_replaces_the_previous_one() {
    let place = Place::new("rotation");
    let (mut recorder, _) = place.open(600);
    for id in 1..=20 {
        push(&mut recorder, id);
    }
    drop(recorder);
    let sizes = [place.path(), older(&place.path())].map(|path| fs::metadata(path).unwrap().len());
    let line = 250;
    assert!(sizes.iter().all(|size| *size < 600 + line), "{sizes:?}");
    let (recorder, loaded) = place.open(600);
    assert_eq!(recorder.last_id(), 20);
    let first = loaded[0];
    assert!(first > 1 && first < 19, "{loaded:?}");
    assert!(loaded.into_iter().eq(first..=20));
    drop(recorder);
    // Without any request in the files, the numbering still continues.
    let (mut recorder, _) = place.open(600);
    recorder.clear();
    drop(recorder);
    assert!(!older(&place.path()).exists());
    let (recorder, loaded) = place.open(600);
    assert_eq!((recorder.last_id(), loaded), (20, vec![]));
}

#[test]
fn a_foreign_file_is_not_replaced_by_a_full_one() {
    let place = Place::new("foreign");
    let (mut recorder, _) = place.open(1);
    let older = older(&place.path());
    fs::write(&older, "a letter").unwrap();
    for id in 1..=3 {
        push(&mut recorder, id);
    }
    drop(recorder);
    assert_eq!(fs::read(&older).unwrap(), b"a letter");
    assert_eq!(place.text().lines().count(), 4);
    let refused = Recorder::open(&place.path(), 1, |_| {});
    assert_eq!(refused.err().unwrap().path(), older);
}

#[test]
fn an_incomplete_last_line_is_skipped() {
    let place = Place::new("torn");
    let (mut recorder, _) = place.open(u64::MAX);
    for id in 1..=3 {
        push(&mut recorder, id);
    }
    drop(recorder);
    let whole = place.text();
    let third = whole.trim_end().rfind('\n').unwrap() + 1;
    let header = whole.find('\n').unwrap() + 1;
    for end in (line::MAGIC.len()..whole.len()).rev() {
        fs::write(place.path(), &whole[..end]).unwrap();
        let (mut recorder, loaded) = place.open(u64::MAX);
        if end >= third {
            assert_eq!(loaded, [1, 2], "{end}");
            assert_eq!(place.text(), whole[..third]);
        } else if end < header {
            assert_eq!(loaded, [0; 0], "{end}");
        }
        push(&mut recorder, 9);
        drop(recorder);
        let (_, again) = place.open(u64::MAX);
        assert_eq!(again.last(), Some(&9), "{end}");
    }
    fs::write(place.path(), whole.replacen("\"id\":2", "\"id\":\"\"", 1)).unwrap();
    let damaged = Recorder::open(&place.path(), 1, |_| {}).err().unwrap();
    assert!(damaged.to_string().starts_with("line 3 of "), "{damaged}");
}

#[cfg(target_os = "linux")]
impl Recorder {
    /// Recorder on a device that is always full, with a line that waits to be written.
    pub(crate) fn on_a_full_disk() -> Self {
        let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let mut recorder = Self {
            path: PathBuf::new(),
            file,
            size: 0,
            max_size: u64::MAX,
            rest: Vec::new(),
            last_id: 0,
        };
        recorder.begin();
        recorder
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_is_written_once_the_disk_has_space_again() {
    let place = Place::new("full");
    let mut recorder = Recorder::on_a_full_disk();
    push(&mut recorder, 1);
    push(&mut recorder, 2);
    let error = recorder.flush().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    recorder.file = open::create(&place.path()).unwrap();
    assert!(recorder.flush().is_ok());
    drop(recorder);
    assert_eq!(place.open(u64::MAX).1, [1, 2]);
}

#[test]
fn a_file_with_too_high_a_number_is_refused() {
    let place = Place::new("numbers");
    let (mut recorder, _) = place.open(u64::MAX);
    push(&mut recorder, 1);
    drop(recorder);
    let text = place.text();
    for (old, new, line) in [
        ("\"after\":0", "\"after\":18446744073709551615", "line 1"),
        ("\"id\":1", "\"id\":18446744073709551615", "line 2"),
    ] {
        assert!(text.contains(old), "{text}");
        fs::write(place.path(), text.replacen(old, new, 1)).unwrap();
        let error = Recorder::open(&place.path(), u64::MAX, |_| {})
            .err()
            .unwrap();
        assert!(error.to_string().contains(line), "{error}");
    }
}
