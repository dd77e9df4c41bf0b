"""The JupyterHub of a test: people sign in by OpenID Connect, the platform is a service that may start and stop servers.

A start may be told `{"stub": true}`, for a web server that is there at once instead of a JupyterLab, or `{"fail": "words"}`.
"""

import json
import os
import sys

from tornado.web import HTTPError

told = json.loads(os.environ["TEST_HUB"])
c = get_config()  # noqa: F821 - JupyterHub's own
c.JupyterHub.bind_url = told["url"]
c.JupyterHub.hub_bind_url = told["hub"]
c.JupyterHub.db_url = told["database"]
c.JupyterHub.log_level = "DEBUG"
c.ConfigurableHTTPProxy.command = told["proxy"]
c.ConfigurableHTTPProxy.api_url = told["proxy_api"]

c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.client_id = told["client_id"]
c.GenericOAuthenticator.client_secret = told["client_secret"]
c.GenericOAuthenticator.authorize_url = f"{told['issuer']}/auth"
c.GenericOAuthenticator.token_url = f"{told['issuer']}/token"
c.GenericOAuthenticator.userdata_url = f"{told['issuer']}/me"
c.GenericOAuthenticator.username_claim = "sub"
c.GenericOAuthenticator.scope = ["openid"]
c.GenericOAuthenticator.oauth_callback_url = f"{told['url']}/hub/oauth_callback"
c.Authenticator.auto_login = True
c.Authenticator.allow_all = True

c.JupyterHub.allow_named_servers = True
c.JupyterHub.services = [{"name": "pandaas", "api_token": told["token"]}]
c.JupyterHub.load_roles = [{"name": "pandaas", "services": ["pandaas"], "scopes": ["servers"]}]

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = told["homes"] + "/{username}"
c.Spawner.args = [
    "--allow-root",
    "--ServerApp.jpserver_extensions={'jupyter_server_proxy': False, 'jupyter_remote_desktop_proxy': False}",
]


def choose(spawner):
    if "fail" in spawner.user_options:
        error = HTTPError(500)
        error.jupyterhub_message = spawner.user_options["fail"]
        raise error
    if spawner.user_options.get("stub"):
        spawner.cmd, spawner.args = [sys.executable, told["stub"]], []
    else:
        spawner.default_url = "/lab"


c.Spawner.pre_spawn_hook = choose
