//! Uploaded files, without their bytes.

use serde_json::{Value, json};

use super::account::{Account, Media};
use super::call::{Call, Done, put, text_at};

/// Bad or missing parameter.
pub(super) const PARAMETER: i64 = 9000;

impl Media {
    fn new(call: &Call<'_>, id: String) -> Self {
        Self {
            id,
            business_phone: call.text("business_phone").to_owned(),
            mime_type: call.text("type").to_owned(),
            // The fields of a request contain only the name of a file.
            file_name: call.text("file").to_owned(),
        }
    }

    fn is_meant(&self, call: &Call<'_>) -> bool {
        self.id == call.text("Media-ID") && self.business_phone == call.text("business_phone")
    }
}

pub(super) fn upload(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let media = Media::new(call, text_at(reply, "/data/id"));
    account.media.push(media);
    Ok(())
}

pub(super) fn upload_template_file(
    call: &Call<'_>,
    account: &mut Account,
    reply: &mut Value,
) -> Done {
    let handle = data_encoding::BASE64.encode(call.ids.hex32().as_bytes());
    let id = format!("4:{handle}");
    put(reply, "/data/id", id.as_str());
    account.template_files.push(Media::new(call, id));
    Ok(())
}

pub(super) fn get(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    let problem = "the number has no file of this /Media-ID";
    let media = account.media.find(|media| media.is_meant(call));
    let media = media.ok_or_else(|| account.media.missing(PARAMETER, problem))?;
    reply["data"] = json!({
        "mime_type": media.mime_type,
        "file_name": media.file_name,
        // The bytes are not stored, so the address leads nowhere.
        "url": format!("https://media.example/{}", media.id),
    });
    Ok(())
}

pub(super) fn delete(call: &Call<'_>, account: &mut Account, reply: &mut Value) -> Done {
    if !account.media.ever_used() && call.operation.is_example(call.fields) {
        return Ok(());
    }
    let removed = account.media.remove(|media| media.is_meant(call));
    reply["data"] = json!({ "success": removed });
    Ok(())
}
