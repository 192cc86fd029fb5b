"""Pages and JSON API put together: a Flask application over one Sandbox."""

from __future__ import annotations

import logging

from flask import Flask

from mailtrap.sandbox import Sandbox
from mailtrap.settings import Settings
from mailtrap.web import api, apidocs, assets, failing, live, preview, scope, ui
from mailtrap.web.about import About
from mailtrap.web.contents import Contents
from mailtrap.web.gates import Gates
from mailtrap.web.live import Hub
from mailtrap.web.metrics import Traffic


def create_app(sandbox: Sandbox, settings: Settings, about: About) -> Flask:
    """The application. Its `wsgi_app` begins with the gates, so test clients and servers pass them alike."""
    app = Flask(
        "mailtrap.web",
        static_folder=str(assets.static()),
        static_url_path="/static",
        template_folder=str(assets.templates()),
    )
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    # Python would sort a response's keys and Jinja would look for changed templates on every request.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.logger.setLevel(logging.ERROR)
    traffic = Traffic()
    contents = Contents(sandbox.store)
    hub = Hub(sandbox.bus, settings.max_live)
    app.register_blueprint(api.routes(sandbox, settings, about, contents, traffic, hub))
    app.register_blueprint(live.routes(hub))
    app.register_blueprint(apidocs.routes(settings))
    app.register_blueprint(ui.routes(sandbox, settings, about, contents))
    app.register_blueprint(preview.routes(sandbox, settings, about, contents))
    failing.register(app)
    scope.register(app, sandbox)
    gates = Gates(app.wsgi_app, settings, traffic.served, sandbox.inboxes.of_token)
    app.wsgi_app = gates  # type: ignore[method-assign]
    return app
