// Tells the server which tab is shown, so it computes nothing for the others, and shows its title.
export function render({ model, el }) {
  const tell = () => { model.tab = document.body.dataset.tab }
  document.addEventListener("smtj:tab", tell)
  tell()
  const title = () => {
    document.getElementById("title").textContent = model.title
    document.getElementById("name").textContent = model.card
    document.title = `smtj explore: ${model.card}`
  }
  model.on("title", title)
  model.on("card", title)
  title()
  window.smtj.ready()
}
