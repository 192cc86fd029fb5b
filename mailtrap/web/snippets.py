"""How to point an application at this sandbox: one snippet per stack, with the real host and ports filled in.

Each must work as it stands. STARTTLS is offered with a certificate that only `mailtrap ca` vouches for, so libraries
that use it wherever it is offered, and check, are told not to.
"""

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
        'config.action_mailer.smtp_settings = {{ address: "{host}", port: {port}, openssl_verify_mode: "none" }}',
    ),
    (
        "laravel",
        "Laravel",
        ".env",
        'MAIL_MAILER=smtp\nMAIL_URL="smtp://{address}?verify_peer=0"\nMAIL_FROM_ADDRESS=app@example.test',
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
        "using MimeKit;\n\n"
        "var message = new MimeMessage();\n"
        'message.From.Add(MailboxAddress.Parse("app@example.test"));\n'
        'message.To.Add(MailboxAddress.Parse("you@example.test"));\n'
        'message.Subject = "Hello from .NET";\n'
        'message.Body = new TextPart("plain") {{ Text = "It works." }};\n\n'
        "using var client = new MailKit.Net.Smtp.SmtpClient();\n"
        'await client.ConnectAsync("{host}", {port}, MailKit.Security.SecureSocketOptions.None);\n'
        "await client.SendAsync(message);\n"
        "await client.DisconnectAsync(true);",
    ),
    (
        "go",
        "Go",
        "main.go",
        'package main\n\nimport (\n\t"log"\n\t"net/smtp"\n)\n\n'
        "// smtp.SendMail does the same, but only if it can check the server's certificate:\n"
        "// SSL_CERT_FILE=$(mailtrap ca) go run main.go\n"
        "func main() {{\n"
        '\tclient, err := smtp.Dial("{address}")\n'
        "\tcheck(err)\n"
        '\tcheck(client.Mail("app@example.test"))\n'
        '\tcheck(client.Rcpt("you@example.test"))\n'
        "\tcontent, err := client.Data()\n"
        "\tcheck(err)\n"
        '\t_, err = content.Write([]byte("Subject: Hello from Go\\r\\n\\r\\nIt works.\\r\\n"))\n'
        "\tcheck(err)\n"
        "\tcheck(content.Close())\n"
        "\tcheck(client.Quit())\n"
        "}}\n\n"
        "func check(err error) {{\n"
        "\tif err != nil {{\n"
        "\t\tlog.Fatal(err)\n"
        "\t}}\n"
        "}}",
    ),
    (
        "php",
        "PHP",
        "with PHPMailer",
        "$mail = new PHPMailer\\PHPMailer\\PHPMailer(true);\n"
        "$mail->isSMTP();\n"
        "$mail->Host = '{host}';\n"
        "$mail->Port = {port};\n"
        "$mail->SMTPAutoTLS = false;\n"
        "$mail->setFrom('app@example.test');\n"
        "$mail->addAddress('you@example.test');\n"
        "$mail->Subject = 'Hello from PHP';\n"
        "$mail->Body = 'It works.';\n"
        "$mail->send();",
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
