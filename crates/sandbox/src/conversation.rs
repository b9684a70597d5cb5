//! Which operations send messages to people, and what the platform pushes back about them.

/// An operation that sends a message.
pub(crate) struct Channel {
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
    /// `sms`, `whatsapp` or `viber`.
    pub(crate) name: &'static str,
    /// The member of the request with the sender.
    pub(crate) from: &'static str,
    /// The member of the request with the recipient.
    pub(crate) to: &'static str,
    /// Whether `to` may hold several, with commas.
    pub(crate) many: bool,
    /// The pushes that say what became of a message, with the JSON pointer to the status in them.
    pub(crate) receipts: &'static [(&'static str, &'static str)],
    /// How the recipient's answer comes, if the reference says so.
    pub(crate) reply: Option<Reply>,
}

/// The push that brings a recipient's answer.
pub(crate) struct Reply {
    pub(crate) push: &'static str,
    pub(crate) example: &'static str,
    pub(crate) action: Option<&'static str>,
    /// JSON pointer to the one who answers.
    pub(crate) from: &'static str,
    /// Dotted path of the text.
    pub(crate) text: &'static str,
    /// The other fields, by dotted path, as in the specs' `fill`.
    pub(crate) fill: &'static [(&'static str, &'static str)],
}

/// Every operation that sends a message. The SaaS product of WhatsApp and plain SMS bring no answers.
pub(crate) const CHANNELS: &[Channel] = &[
    Channel {
        service: "sms",
        operation: "send_sms",
        name: "sms",
        from: "sourceAddress",
        to: "phone",
        many: true,
        receipts: &[("sms_receipt", "/result")],
        reply: None,
    },
    Channel {
        service: "did",
        operation: "send_did_sms",
        name: "sms",
        from: "sender",
        to: "phone",
        many: false,
        receipts: &[
            ("did_sms_signed", "/smsStatus"),
            ("did_sms_form", "/smsStatus"),
        ],
        reply: Some(Reply {
            push: "did_sms_signed",
            example: "upstream",
            action: Some("mo"),
            from: "/fromPhone",
            text: "content",
            fill: &[
                ("messageId", "{digits:32}"),
                ("fromPhone", "{request.phone}"),
                ("toPhone", "{request.sender}"),
            ],
        }),
    },
    Channel {
        service: "whatsapp",
        operation: "send_message",
        name: "whatsapp",
        from: "business_phone",
        to: "to",
        many: false,
        receipts: &[("message_status", "/statuses/0/status")],
        reply: Some(Reply {
            push: "inbound_message",
            example: "text_as_in_the_table",
            action: None,
            from: "/messages/0/from",
            text: "messages.0.text.body",
            fill: &[
                ("messages.0.id", "wamid.{digits:20}"),
                ("messages.0.from", "{request.to}"),
                ("contacts.0.wa_id", "{request.to}"),
                ("business_phone", "{request.business_phone}"),
            ],
        }),
    },
    Channel {
        service: "whatsapp",
        operation: "saas_send_template",
        name: "whatsapp",
        from: "business_phone",
        to: "to",
        many: false,
        receipts: &[("saas_message_status", "/statuses/0/status")],
        reply: None,
    },
    Channel {
        service: "viber",
        operation: "send_message",
        name: "viber",
        from: "appkey",
        to: "phone",
        many: false,
        receipts: &[("message_receipt", "/status")],
        reply: Some(Reply {
            push: "message_reply",
            example: "text",
            action: None,
            from: "/phone",
            text: "message.text",
            fill: &[
                ("phone", "{request.phone}"),
                ("appkey", "{request.appkey}"),
                ("traceRequestId", "{reply.data.requestId}"),
            ],
        }),
    },
];

impl Channel {
    /// The channel of an operation.
    pub(crate) fn of(service: Option<&str>, operation: Option<&str>) -> Option<&'static Self> {
        CHANNELS.iter().find(|channel| {
            service == Some(channel.service) && operation == Some(channel.operation)
        })
    }

    /// The recipients that a member of a request names.
    pub(crate) fn recipients<'v>(&self, to: &'v str) -> Vec<&'v str> {
        if self.many {
            to.split(',').map(str::trim).collect()
        } else {
            vec![to]
        }
    }
}

/// The `action` of a push that is an answer, if it is not the push's usual one.
pub(crate) fn action_of(service: &str, push: &str, example: &str) -> Option<&'static str> {
    let mut channels = CHANNELS.iter().filter(|channel| channel.service == service);
    channels.find_map(|channel| {
        let reply = channel.reply.as_ref()?;
        let is = reply.push == push && reply.example == example;
        reply.action.filter(|_| is)
    })
}

/// The documented words for what became of a message, and what the page says for them.
const STATES: &[(&str, &str)] = &[
    ("DELIVRD", "delivered"),
    ("delivered", "delivered"),
    ("sent", "sent"),
    ("read", "read"),
    ("seen", "read"),
    ("failed", "failed"),
    ("UNDELIV", "failed"),
    ("UNDELIVR", "failed"),
    ("REJECTD", "failed"),
    ("EXPIRED", "expired"),
    ("expired", "expired"),
    ("DELETED", "deleted"),
    ("deleted", "deleted"),
];

/// What became of a message, in one of a few words; `unknown` for what none of them fits.
pub(crate) fn state_of(word: &str) -> &'static str {
    let known = STATES.iter().find(|(documented, _)| *documented == word);
    known.map_or("unknown", |(_, state)| state)
}
