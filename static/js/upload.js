// Show how far an upload is. Without this script the form is sent as it is.
function watch(form) {
  form?.addEventListener("submit", (event) => send(form, event));
}

function send(form, event) {
  const chosen = form.querySelector("input[type=file]").files;
  if (!chosen.length) return;
  event.preventDefault();
  const bar = form.querySelector("progress");
  const line = form.querySelector("[data-upload-line]");
  const button = form.querySelector("button");
  const request = new XMLHttpRequest();
  let told = -1;
  bar.hidden = false;
  button.disabled = true;
  request.upload.addEventListener("progress", (sent) => {
    const percent = sent.lengthComputable ? Math.round((100 * sent.loaded) / sent.total) : 0;
    bar.value = percent;
    if (percent - told >= 10 || percent === 100) {
      told = percent;
      line.textContent = `${form.dataset.sent} ${percent} %`;
    }
  });
  request.addEventListener("load", () => {
    if (request.status === 200 && request.responseURL) {
      location.assign(request.responseURL);
      return;
    }
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    const main = answer.querySelector("main");
    if (!main) {
      fail();
      return;
    }
    document.title = answer.title;
    document.querySelector("main").replaceWith(main);
    document.querySelector("[data-error-summary]")?.focus();
    watch(document.querySelector("[data-upload]"));
  });
  const fail = () => {
    bar.hidden = true;
    button.disabled = false;
    line.textContent = form.dataset.failed;
  };
  request.addEventListener("error", fail);
  request.open("POST", form.action);
  request.send(new FormData(form));
}

watch(document.querySelector("[data-upload]"));
