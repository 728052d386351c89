// Tells the server which tab is shown, so it computes nothing for the others.
export function render({ model, el }) {
  const tell = () => { model.tab = document.body.dataset.tab }
  document.addEventListener("smtj:tab", tell)
  tell()
  window.smtj.ready()
}
