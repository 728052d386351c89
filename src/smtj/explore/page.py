"""The page of one session."""

# Panel leaves its constructors without types.
# mypy: disallow-untyped-calls=False

import html
import itertools

import panel as pn

from smtj.card import BehaviouralCard, Card
from smtj.explore import device_tab, network_tab
from smtj.explore.behaviour_tab import BehaviourTab
from smtj.explore.components import Bridge, web
from smtj.explore.curves import MODELS
from smtj.explore.device_tab import DeviceTab
from smtj.explore.measure_tab import MeasureTab
from smtj.explore.network_tab import NetworkTab

_sessions = itertools.count()


def build_page(card: Card) -> pn.Template:
    """Return the page of a new session, which shares only the card with others.

    Sessions have the seeds 0, 1, 2, ...
    """
    seed = next(_sessions)
    behavioural = isinstance(card, BehaviouralCard)
    device = (BehaviourTab if behavioural else DeviceTab)(card, seed)
    network = NetworkTab(card, seed)

    def use(measured: Card) -> None:
        device.use(measured)
        network.use(measured)

    def entitle() -> None:
        bridge.param.update(card=device.card.name, title=device.title())

    measure = MeasureTab(card, use)
    bridge = Bridge(width=0, height=0, margin=0)
    device.on_update = entitle
    entitle()
    running = {
        "device": pn.state.add_periodic_callback(device.step, period=device_tab.FRAME),
        "network": pn.state.add_periodic_callback(
            network.step, period=network_tab.FRAME, start=False
        ),
    }

    def shown(tab: str) -> None:
        for name, callback in running.items():
            if callback.running and name != tab:
                callback.stop()
            elif name == tab and not callback.running:
                callback.start()
        if tab == "network":
            network.open()

    bridge.param.watch(lambda event: shown(event.new), "tab")
    template = pn.Template(web("page.html"))
    for roots in (device.roots(), measure.roots(), network.roots(), {"bridge": bridge}):
        for name, root in roots.items():
            template.add_panel(name, root)
    variables = {
        "page_css": web("page.css"), "page_js": web("page.js"),
        "card_name": html.escape(card.name), "card_title": html.escape(card.title),
        "model_names": MODELS, "behavioural": behavioural,
    }  # fmt: skip
    for name, value in variables.items():
        template.add_variable(name, value)
    return template
