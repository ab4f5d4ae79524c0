//! The wording that every environment begins with.

use super::templates::{MailText, SmsText};
use super::{MailTemplate, SmsTemplate};

/// One mail's own part: subject, paragraphs, the words on the button, the last line.
struct Words {
    subject: &'static str,
    lines: &'static [&'static str],
    action: &'static str,
    last: &'static str,
}

/// A paragraph that shows the code.
const CODE: &str = "{% if code %}<span style=\"font:700 28px/1.4 ui-monospace,Consolas,monospace;letter-spacing:4px\">{{code}}</span>{% endif %}";
const ONCE_LINK: &str =
    "{% if expires %}The link works for {{expires}}, and once.{% else %}The link works once.{% endif %}";
const ONCE_CODE: &str =
    "{% if expires %}The code works for {{expires}}, and once.{% else %}The code works once.{% endif %}";
const WHEN: &str = "{% if metadata.timestamp %}Time: {{metadata.timestamp}}<br>{% endif %}{% if metadata.ipAddress %}Address: {{metadata.ipAddress}}<br>{% endif %}{% if metadata.userAgent %}Device: {{metadata.userAgent}}{% endif %}";
const UNUSED: &str =
    "If this was not you, no more needs to be done: nothing changes unless somebody uses this mail.";
const ALARM: &str = "If this was not you, change your password and tell your administrator.";
const UNEXPECTED: &str = "If you did not expect this, you can ignore this mail.";
const UNKNOWN_HOST: &str = "If you do not know who invites you, you can ignore this mail.";

/// The default of a mail.
pub(crate) fn mail(kind: MailTemplate) -> MailText {
    let words = words(kind);
    MailText {
        subject: words.subject.to_owned(),
        html: page(&words),
        from_name: String::new(),
        sender_email: String::new(),
        redirect_url: kind
            .route()
            .map(|route| format!("{{{{APP_URL}}}}{route}"))
            .unwrap_or_default(),
        success_redirect_url: String::new(),
    }
}

/// The default of a text message.
pub(crate) fn sms(kind: SmsTemplate) -> SmsText {
    let text = match kind {
        SmsTemplate::Otc => "{{code}} is your sign-in code.",
        SmsTemplate::MfaOtc => "{{code}} is your confirmation code.",
        SmsTemplate::PhoneVerification => "{{code}} is the code to confirm your phone number.",
        SmsTemplate::ResetPassword => "{{code}} is the code to choose a new password.",
        SmsTemplate::DeletePhone => "{{code}} is the code to remove your phone number.",
    };
    SmsText {
        text: text.to_owned(),
    }
}

/// One column that reads well without styles, in a narrow window, dark or light, and aloud.
fn page(words: &Words) -> String {
    let mut body = String::from("<p>Hello{% if name %} {{name}}{% endif %},</p>\n");
    for line in words.lines {
        body.push_str(&format!("<p>{line}</p>\n"));
    }
    if !words.action.is_empty() {
        body.push_str(&format!(
            "<p><a href=\"{{{{redirectURL}}}}\" style=\"display:inline-block;padding:12px 20px;border-radius:6px;background:#1d4ed8;color:#ffffff;text-decoration:none;font-weight:600\">{}</a></p>\n",
            words.action
        ));
    }
    if !words.last.is_empty() {
        body.push_str(&format!("<p style=\"font-size:14px\">{}</p>\n", words.last));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n</head>\n<body style=\"margin:0 auto;padding:24px;max-width:560px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif\">\n{body}</body>\n</html>\n",
        words.subject
    )
}

const fn words(kind: MailTemplate) -> Words {
    let (subject, lines, action, last): (&str, &[&str], &str, &str) = match kind {
        MailTemplate::ResetPassword => (
            "Choose a new password",
            &[
                "Somebody asked for a new password for {{email}}. Choose it on the page below.",
                ONCE_LINK,
            ],
            "Choose a new password",
            UNUSED,
        ),
        MailTemplate::ActivateUser => (
            "Activate your account",
            &[
                "An account{% if tenantName %} at {{tenantName}}{% endif %} was made for {{email}}. Activate it to sign in.",
                ONCE_LINK,
            ],
            "Activate account",
            UNEXPECTED,
        ),
        MailTemplate::InviteToTenant => (
            "You are invited{% if tenantName %} to {{tenantName}}{% endif %}",
            &[
                "{% if issuerName %}{{issuerName}} invites you{% else %}You are invited{% endif %} to join {% if tenantName %}{{tenantName}}{% else %}an account{% endif %}.",
                ONCE_LINK,
            ],
            "Accept invitation",
            UNKNOWN_HOST,
        ),
        MailTemplate::PwnedPassword => (
            "Your password is known from a data breach",
            &[
                "The password of {{email}} stands in a published list of stolen passwords{% if timesPwned %}, {{timesPwned}} times{% endif %}. It was not taken from us, but others can try it here.",
                "Choose one that you use nowhere else.",
            ],
            "Choose a new password",
            "",
        ),
        MailTemplate::MagicLink => (
            "Your sign-in link",
            &[
                "Open the link on the device where you want to sign in.",
                ONCE_LINK,
            ],
            "Sign in",
            UNUSED,
        ),
        MailTemplate::Otc => (
            "Your sign-in code",
            &["Enter this code to sign in:", CODE, ONCE_CODE],
            "",
            "Nobody from us will ever ask you for it.",
        ),
        MailTemplate::ConnectNewDevice => (
            "New sign-in to your account",
            &[
                "Somebody signed in to {{email}} from a device that we have not seen before.",
                WHEN,
            ],
            "",
            ALARM,
        ),
        MailTemplate::UserUsedInvitation => (
            "Somebody joined through your invitation",
            &[
                "{% if metadata.userJoined %}{{metadata.userJoined}}{% else %}Somebody{% endif %} joined {% if metadata.accountJoined %}{{metadata.accountJoined}}{% else %}your account{% endif %} through your invitation link.",
            ],
            "",
            "",
        ),
        MailTemplate::ResetPhoneNumber => (
            "Change your phone number",
            &[
                "{% if code %}Enter this code to set a new phone number:{% else %}Set a new phone number on the page below.{% endif %}",
                CODE,
                ONCE_CODE,
            ],
            "Change phone number",
            ALARM,
        ),
        MailTemplate::BulkInvitesToTenant => (
            "You are invited to several accounts",
            &[
                "{% if issuerName %}{{issuerName}} invites you{% else %}You are invited{% endif %} to these accounts{% if metadata.tenantName %} of {{metadata.tenantName}}{% endif %}:",
                "{% for tenant in metadata.subtenantsList %}{{tenant}}<br>{% endfor %}",
                ONCE_LINK,
            ],
            "Accept invitations",
            UNKNOWN_HOST,
        ),
        MailTemplate::MfaEnroll => (
            "Two-step sign-in is on",
            &["Two-step sign-in was switched on for {{email}}."],
            "",
            ALARM,
        ),
        MailTemplate::MfaUnenroll => (
            "Two-step sign-in is off",
            &["Two-step sign-in was switched off for {{email}}."],
            "",
            ALARM,
        ),
        MailTemplate::NewMfaMethod => (
            "A second step was added",
            &["Another way to confirm a sign-in was added to {{email}}."],
            "",
            ALARM,
        ),
        MailTemplate::MfaRecoveryCode => (
            "A recovery code was used",
            &["A recovery code was used to sign in to {{email}}. It cannot be used again."],
            "",
            ALARM,
        ),
        MailTemplate::RemoveMfaMethod => (
            "A second step was removed",
            &["A way to confirm a sign-in was removed from {{email}}."],
            "",
            ALARM,
        ),
        MailTemplate::EmailVerification => (
            "Confirm your e-mail address",
            &["Confirm that {{email}} is yours.", ONCE_LINK],
            "Confirm address",
            UNUSED,
        ),
        MailTemplate::BruteForceProtection => (
            "Your account is locked",
            &["Too many sign-ins to {{email}} failed, so it is locked.", WHEN],
            "",
            "If this was not you, somebody may be guessing your password: change it, and tell your administrator.",
        ),
        MailTemplate::SuspiciousIp => (
            "Sign-in from a suspicious address",
            &[
                "There was a sign-in to {{email}} from an address that is known for abuse{% if metadata.numberOfEvents %} ({{metadata.numberOfEvents}} times){% endif %}.",
                WHEN,
            ],
            "",
            ALARM,
        ),
        MailTemplate::MfaOtc => (
            "Your confirmation code",
            &["Enter this code to finish your sign-in:", CODE, ONCE_CODE],
            "",
            "Nobody from us will ever ask you for it.",
        ),
        MailTemplate::ImpossibleTravel => (
            "Sign-ins from places far apart",
            &[
                "{{email}} was used from two places that nobody can travel between in that time{% if metadata.numberOfEvents %} ({{metadata.numberOfEvents}} times){% endif %}.",
                "{% if metadata.firstIpAddress %}First: {{metadata.firstLoginLocation}} ({{metadata.firstIpAddress}}), {{metadata.firstLoginTimestamp}}<br>Then: {{metadata.secondLoginLocation}} ({{metadata.secondIpAddress}}), {{metadata.secondLoginTimestamp}}{% endif %}",
            ],
            "",
            ALARM,
        ),
        MailTemplate::BotDetection => (
            "Automated sign-in attempt",
            &[
                "Somebody tried to sign in to {{email}} in a way that looks automated{% if metadata.numberOfEvents %} ({{metadata.numberOfEvents}} times){% endif %}.",
                WHEN,
            ],
            "",
            ALARM,
        ),
        MailTemplate::SmsAuthenticationEnabled => (
            "Text messages confirm your sign-in",
            &[
                "From now on a text message can confirm sign-ins to {{email}}{% if phoneNumber %}, sent to {{phoneNumber}}{% endif %}.",
            ],
            "",
            ALARM,
        ),
        MailTemplate::UnlockUser => (
            "Unlock your account",
            &[
                "{{email}} was locked after failed sign-ins. Unlock it on the page below.",
                ONCE_LINK,
            ],
            "Unlock account",
            "If the failed sign-ins were not yours, change your password as well.",
        ),
        MailTemplate::UnlockUserSuccess => (
            "Your account is unlocked",
            &["{{email}} can sign in again."],
            "",
            ALARM,
        ),
        MailTemplate::ActivateUserWithCode => (
            "Your activation code",
            &[
                "Enter this code to activate your account{% if tenantName %} at {{tenantName}}{% endif %}:",
                CODE,
                ONCE_CODE,
            ],
            "Enter the code",
            UNEXPECTED,
        ),
        MailTemplate::InviteToTenantWithCode => (
            "Your invitation{% if tenantName %} to {{tenantName}}{% endif %}",
            &[
                "{% if issuerName %}{{issuerName}} invites you{% else %}You are invited{% endif %} to join {% if tenantName %}{{tenantName}}{% else %}an account{% endif %}. Enter this code to accept:",
                CODE,
                ONCE_CODE,
            ],
            "Enter the code",
            UNKNOWN_HOST,
        ),
        MailTemplate::VerifyNewEmail => (
            "Confirm your new e-mail address",
            &[
                "{{email}} was added to an account. Confirm that it is yours{% if code %} with this code{% endif %}:",
                CODE,
                "{% if redirectURL %}{{redirectURL}}{% endif %}",
            ],
            "",
            UNUSED,
        ),
        MailTemplate::EmailAddressChanged => (
            "Your e-mail address was changed",
            &[
                "The address of your account was changed{% if metadata.newEmail %} to {{metadata.newEmail}}{% endif %}.",
            ],
            "",
            ALARM,
        ),
        MailTemplate::ApprovalFlowApprove => (
            "Your approval is wanted",
            &[
                "{% if issuerName %}{{issuerName}} waits{% else %}Somebody waits{% endif %} for your approval.",
            ],
            "See the request",
            "",
        ),
    };
    Words {
        subject,
        lines,
        action,
        last,
    }
}
