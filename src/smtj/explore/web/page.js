// Tabs, the theme, and the message for a lost server.
window.smtj = (() => {
  const root = document.documentElement
  const preferred = window.matchMedia("(prefers-color-scheme: dark)")

  function theme() {
    const chosen = sessionStorage.getItem("theme")
    root.dataset.theme = chosen || (preferred.matches ? "dark" : "light")
    const button = document.getElementById("theme")
    if (button) {
      const dark = root.dataset.theme === "dark"
      button.textContent = dark ? "Light" : "Dark"
      button.setAttribute("aria-label", `Use ${dark ? "light" : "dark"} colours`)
    }
    plots()
    document.dispatchEvent(new Event("smtj:theme"))
  }

  // What differs from the start stands behind the # of the address: "tab", and sliders as
  // "section.name".  Only this browser reads it.
  const view = new URLSearchParams(location.hash.slice(1))

  function keep(name, value) {
    if (value === null) view.delete(name)
    else view.set(name, value)
    history.replaceState(null, "", `#${view}`)
  }

  // Bokeh draws on a canvas, to which style sheets do not apply.
  function plots() {
    if (!window.Bokeh) return
    const style = getComputedStyle(root)
    const colour = (name) => style.getPropertyValue(name).trim()
    const ink = colour("--ink"), quiet = colour("--quiet"), line = colour("--line")
    const strong = colour("--line-strong"), surface = colour("--surface")
    const silent = { sync: false }
    for (const document of window.Bokeh.documents)
      for (const model of document.all_models) {
        if (model.type === "LinearAxis" || model.type === "CategoricalAxis")
          model.setv({ axis_label_text_color: ink, major_label_text_color: quiet,
            axis_line_color: strong, major_tick_line_color: strong }, silent)
        else if (model.type === "Grid") model.setv({ grid_line_color: line }, silent)
        // Opaque, to hide anything drawn at another size.
        else if (model.type === "Figure")
          model.setv({ background_fill_color: surface, border_fill_color: surface }, silent)
      }
  }

  function show(name) {
    document.body.dataset.tab = name
    for (const tab of document.querySelectorAll("[role=tab]")) {
      const chosen = tab.dataset.tab === name
      tab.setAttribute("aria-selected", chosen)
      tab.tabIndex = chosen ? 0 : -1
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !chosen
    }
    keep("tab", name === "device" ? null : name)
    document.dispatchEvent(new Event("smtj:tab"))
  }

  function start() {
    const tabs = [...document.querySelectorAll("[role=tab]")]
    for (const [number, tab] of tabs.entries()) {
      tab.addEventListener("click", () => show(tab.dataset.tab))
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
        if (!step) return
        const next = tabs[(number + step + tabs.length) % tabs.length]
        next.focus()
        show(next.dataset.tab)
      })
    }
    document.getElementById("theme").addEventListener("click", () => {
      sessionStorage.setItem("theme", root.dataset.theme === "dark" ? "light" : "dark")
      theme()
    })
    preferred.addEventListener("change", theme)
    const asked = tabs.find((tab) => tab.dataset.tab === view.get("tab"))
    show(asked ? asked.dataset.tab : "device")
    // Another view, pasted over this one; the link to the content is none.
    window.addEventListener("hashchange", () => {
      if (location.hash.includes("=")) location.reload()
    })
    theme()
  }

  function ready() {
    plots()
    document.body.dataset.ready = "yes"
    for (const each of window.Bokeh.documents)
      each.on_event("connection_lost", () => { document.getElementById("lost").hidden = false })
  }

  theme()
  // es-module-shims dispatches it a second time.
  document.addEventListener("DOMContentLoaded", start, { once: true })
  return { ready, plots, keep, kept: (name) => view.get(name) }
})()
