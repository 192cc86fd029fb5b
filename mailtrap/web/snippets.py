"""How to point an application at this sandbox: one snippet per stack, with the real host and ports filled in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """`code` goes into `where` (a file, or a shell) of a `stack`."""

    key: str
    stack: str
    where: str
    code: str


_TEMPLATES = (
    (
        "django",
        "Django",
        "settings.py",
        'EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"\nEMAIL_HOST = "{host}"\nEMAIL_PORT = {port}',
    ),
    (
        "flask",
        "Flask",
        "config.py, with Flask-Mail",
        'MAIL_SERVER = "{host}"\nMAIL_PORT = {port}\nMAIL_DEFAULT_SENDER = "app@example.test"',
    ),
    (
        "rails",
        "Rails",
        "config/environments/development.rb",
        "config.action_mailer.delivery_method = :smtp\n"
        'config.action_mailer.smtp_settings = {{ address: "{host}", port: {port} }}',
    ),
    (
        "laravel",
        "Laravel",
        ".env",
        "MAIL_MAILER=smtp\nMAIL_HOST={host}\nMAIL_PORT={port}\nMAIL_FROM_ADDRESS=app@example.test",
    ),
    (
        "node",
        "Node",
        "with nodemailer",
        'import nodemailer from "nodemailer";\n\n'
        'const transport = nodemailer.createTransport({{ host: "{host}", port: {port}, ignoreTLS: true }});\n'
        "await transport.sendMail({{\n"
        '  from: "app@example.test", to: "you@example.test",\n'
        '  subject: "Hello from Node", text: "It works.",\n'
        "}});",
    ),
    (
        "spring",
        "Spring",
        "application.properties",
        "spring.mail.host={host}\nspring.mail.port={port}",
    ),
    (
        "dotnet",
        ".NET",
        "with MailKit",
        "using var client = new MailKit.Net.Smtp.SmtpClient();\n"
        'await client.ConnectAsync("{host}", {port}, MailKit.Security.SecureSocketOptions.None);\n'
        "await client.SendAsync(message);\n"
        "await client.DisconnectAsync(true);",
    ),
    (
        "go",
        "Go",
        "main.go",
        'err := smtp.SendMail("{address}", nil, "app@example.test",\n'
        '    []string{{"you@example.test"}},\n'
        '    []byte("Subject: Hello from Go\\r\\n\\r\\nIt works.\\r\\n"))',
    ),
    (
        "php",
        "PHP",
        "with PHPMailer",
        "$mail = new PHPMailer\\PHPMailer\\PHPMailer(true);\n"
        "$mail->isSMTP();\n"
        "$mail->Host = '{host}';\n"
        "$mail->Port = {port};\n"
        "$mail->SMTPAutoTLS = false;",
    ),
    (
        "curl",
        "curl",
        "a shell",
        "printf 'Subject: Hello from curl\\r\\n\\r\\nIt works.\\r\\n' |\n"
        "  curl smtp://{address} --mail-from app@example.test \\\n"
        "       --mail-rcpt you@example.test --upload-file -",
    ),
    (
        "sendmail",
        "sendmail",
        "php.ini, cron, git send-email and whoever else calls /usr/sbin/sendmail",
        'sendmail_path = "mailtrap sendmail -t -i"',
    ),
)


def snippets(address: str) -> list[Snippet]:
    """Every snippet for the SMTP listener at `address` (`host:port`, an IPv6 host in brackets)."""
    host, _, port = address.rpartition(":")
    values = {"host": host.strip("[]"), "port": port, "address": address}
    return [Snippet(key, stack, where, code.format(**values)) for key, stack, where, code in _TEMPLATES]
