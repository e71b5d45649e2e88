"""GitHub Copilot CLI, headless. What it costs is told in premium requests, not in tokens."""

from arena.agents.agent import Agent, Rule

COPILOT = Agent(
    name="copilot",
    install="npm install -g @github/copilot",
    argv="copilot -p {task} --allow-all --no-ask-user --output-format json --no-auto-update {resume} {more}",
    resume="--resume={session}",
    # Standard input is not read beside -p.
    long="'Do the task that is written in the file {prompt_file}.'",
    keys="COPILOT_* GH_TOKEN GITHUB_TOKEN",
    login="copilot login",
    # Without a login of its own it takes that of gh.
    logins="GH_TOKEN $HOME/.copilot/config.json COPILOT_* GITHUB_TOKEN $HOME/.copilot/settings.json "
    "$XDG_CONFIG_HOME/.copilot $XDG_CONFIG_HOME/copilot $GH_CONFIG_DIR/hosts.yml $XDG_CONFIG_HOME/gh/hosts.yml "
    "$HOME/.config/gh/hosts.yml",
    session="sessionId",
    rules=(
        Rule("type=assistant.message", text="data.content"),
        Rule(
            "type=session.error data.statusCode=.*",
            error="{data.errorType}: {data.message} (status {data.statusCode})",
        ),
        Rule("type=session.error", error="{data.errorType}: {data.message}"),
        # One that failed says no more than that, and would hide the reason.
        Rule("type=result exitCode=0", "finished"),
    ),
)
