// Sliders, choices and buttons from native inputs, for mouse, touch, keyboard and screen readers.
// One change is sent at a time; later ones wait for the answer.
export function render({ model, el }) {
  const form = document.createElement("form")
  form.addEventListener("submit", (event) => event.preventDefault())
  el.append(form)
  let values = {}
  let sent = 0
  let waiting = false
  let moved = false

  function send() {
    moved = waiting
    if (waiting) return
    waiting = true
    sent += 1
    // A message, because a property is held back 50 ms to be sent with others.
    model.send_msg({ values, number: sent })
  }

  const address = (item) => `${el.getRootNode().host.closest("section").id}.${item.name}`

  function change(item, value) {
    values[item.name] = value
    window.smtj.keep(address(item), value === item.value ? null : value)
    send()
  }

  // The value that the address gives, if it is one of the item's.
  function asked(item) {
    const text = window.smtj.kept(address(item))
    if (text === null) return item.value
    if (item.kind === "choice")
      return item.options.some(([value]) => value === text) ? text : item.value
    const number = Number(text)
    return Number.isFinite(number) ? Math.min(item.end, Math.max(item.start, number)) : item.value
  }

  function forget() {
    for (const item of model.items) window.smtj.keep(address(item), null)
  }

  function shown(value, item) {
    const text = Math.abs(value) < item.step / 2 ? "0" : value.toFixed(item.digits)
    const number = text.replace("-", "−")
    return item.unit ? `${number}\u202f${item.unit}` : number
  }

  function slider(item) {
    const input = document.createElement("input")
    Object.assign(input, { type: "range", min: item.start, max: item.end, step: item.step })
    input.value = values[item.name]
    // Not an <output>: screen readers read the value with the slider.
    const output = document.createElement("span")
    output.className = "value"
    const report = () => {
      output.textContent = shown(input.valueAsNumber, item)
      input.setAttribute("aria-valuetext", output.textContent)
    }
    input.addEventListener("input", () => {
      report()
      change(item, input.valueAsNumber)
    })
    report()
    return [input, output]
  }

  function choice(item) {
    const select = document.createElement("select")
    for (const [value, text] of item.options) select.add(new Option(text, value))
    select.value = values[item.name]
    select.addEventListener("change", () => change(item, select.value))
    return [select]
  }

  function build() {
    form.replaceChildren()
    values = {}
    for (const item of model.items) {
      values[item.name] = asked(item)
      const row = document.createElement("div")
      row.className = item.kind
      const label = document.createElement("label")
      label.textContent = item.label
      const [input, ...rest] = item.kind === "slider" ? slider(item) : choice(item)
      input.id = `${item.kind}-${item.name}`
      input.name = item.name
      label.htmlFor = input.id
      row.append(label, ...rest, input)
      form.append(row)
    }
    const buttons = document.createElement("div")
    buttons.className = "buttons"
    for (const [name, text] of model.actions) {
      const button = document.createElement("button")
      Object.assign(button, { type: "button", name, textContent: text })
      button.addEventListener("click", () => {
        // An action that another part of the page handles need not go to the server.
        const action = new CustomEvent("smtj:action", { detail: name, cancelable: true })
        if (document.dispatchEvent(action)) model.send_msg({ action: name })
        if (name === "reset") {
          forget()
          build()
          send()
        }
      })
      buttons.append(button)
    }
    if (model.actions.length) form.append(buttons)
  }

  model.on("answered", () => {
    waiting = false
    if (moved) send()
  })
  model.on("items", () => {
    // Another device, with values of its own.
    forget()
    build()
  })
  model.on("actions", build)
  model.on("msg:custom", ({ name, text }) => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(new Blob([text], { type: "application/toml" }))
    link.download = name
    link.click()
    URL.revokeObjectURL(link.href)
  })
  build()
  if (model.items.some((item) => values[item.name] !== item.value)) send()
}
