// A square to draw on with mouse, finger or keys; lines are lists of points in [0, 1].
export function render({ model, el }) {
  const canvas = document.createElement("canvas")
  canvas.tabIndex = 0
  canvas.setAttribute("role", "application")
  canvas.setAttribute("aria-label",
    "Drawing board for a digit. Arrow keys move the pen, the space bar puts it down or lifts it, " +
    "Delete clears the board.")
  el.append(canvas)
  const STEP = 0.04
  let lines = []
  let pen = null
  let cursor = [0.5, 0.25]
  let down = false
  let timer = null

  const colour = (name) => getComputedStyle(el).getPropertyValue(name).trim()

  function draw() {
    const side = canvas.clientWidth
    if (!side) return
    const dense = window.devicePixelRatio || 1
    canvas.width = canvas.height = Math.round(side * dense)
    const context = canvas.getContext("2d")
    context.scale(canvas.width, canvas.height)
    if (!lines.length && !pen && document.activeElement !== el && !focused()) {
      context.fillStyle = colour("--quiet")
      context.font = "0.065px system-ui, sans-serif"
      context.textAlign = "center"
      context.fillText("Draw a digit here", 0.5, 0.52)
    }
    Object.assign(context, { lineWidth: 0.085, lineCap: "round", lineJoin: "round" })
    context.strokeStyle = colour("--ink")
    for (const line of pen ? [...lines, pen] : lines) {
      context.beginPath()
      context.moveTo(...line[0])
      for (const point of line) context.lineTo(...point)
      context.stroke()
    }
    if (focused()) {
      context.beginPath()
      context.arc(...cursor, 0.03, 0, 2 * Math.PI)
      context.lineWidth = 0.012
      context.strokeStyle = colour("--accent")
      context.stroke()
      if (down) {
        context.fillStyle = colour("--accent")
        context.fill()
      }
    }
  }

  const focused = () => canvas.matches(":focus-visible")

  function report(now) {
    clearTimeout(timer)
    const send = () => {
      model.ink = (pen ? [...lines, pen] : lines).map((s) => s.map((p) => [...p]))
    }
    if (now) send()
    else timer = setTimeout(send, 120)
  }

  function place(event) {
    const box = canvas.getBoundingClientRect()
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
  }

  function lift() {
    if (pen) lines.push(pen)
    pen = null
    down = false
    draw()
    report(true)
  }

  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault()
    canvas.setPointerCapture(event.pointerId)
    if (pen) lines.push(pen)
    pen = [place(event)]
    draw()
  })
  canvas.addEventListener("pointermove", (event) => {
    if (!pen || down || !(event.buttons & 1)) return
    const passed = event.getCoalescedEvents ? event.getCoalescedEvents() : []
    for (const each of passed.length ? passed : [event]) pen.push(place(each))
    draw()
    report(false)
  })
  for (const name of ["pointerup", "pointercancel"])
    canvas.addEventListener(name, () => { if (pen && !down) lift() })

  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    if (event.key in way) {
      cursor = cursor.map((at, i) => Math.min(0.95, Math.max(0.05, at + STEP * way[event.key][i])))
      if (down) {
        pen.push([...cursor])
        report(false)
      }
    } else if (event.key === " ") {
      if (down) lift()
      else {
        down = true
        pen = [[...cursor]]
      }
    } else if (event.key === "Delete" || event.key === "Backspace") {
      clear()
    } else return
    event.preventDefault()
    draw()
  })
  for (const name of ["focus", "blur"]) canvas.addEventListener(name, draw)

  function clear() {
    clearTimeout(timer)
    lines = []
    pen = null
    down = false
    model.ink = []
    draw()
  }

  // Immediately, so that it cannot clear what is drawn next.
  document.addEventListener("smtj:action", (event) => {
    if (event.detail !== "clear") return
    event.preventDefault()
    clear()
  })
  document.addEventListener("smtj:theme", draw)
  new ResizeObserver(draw).observe(canvas)
  lines = model.ink.map((s) => s.map((p) => [...p]))
  draw()
}
