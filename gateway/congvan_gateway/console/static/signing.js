"use strict";
// Signing on this machine: the bridge gives the certificate and the signature, our pages the digest; no key leaves it.
(() => {
  const post = async (address, fields) => {
    const answer = await fetch(address, { method: "POST", credentials: "same-origin", body: new URLSearchParams(fields) });
    const told = await answer.json().catch(() => ({ message: "Máy chủ không trả lời đúng; hãy tải lại trang." }));
    if (!answer.ok) throw new Error(told.message || "Không ký được.");
    return told;
  };
  const ask = async (bridge, verb, body) => {
    let answer;
    try {
      answer = await fetch(`${bridge}/${verb}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    } catch {
      throw new Error("Không thấy chương trình ký số trên máy này; hãy mở congvan bridge rồi thử lại.");
    }
    const told = await answer.json().catch(() => ({ Status: 1, Message: "Chương trình ký số không trả lời đúng." }));
    if (told.Status !== 0) throw new Error(told.Message || "Chương trình ký số từ chối.");
    return told;
  };
  document.querySelectorAll("form[data-bridge]").forEach((form) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = form.querySelector("[data-said]"), button = form.querySelector("button");
    const own = Object.fromEntries(new FormData(form)), { bridge, draft, verb, name, number } = form.dataset;
    button.disabled = true;
    try {
      said.textContent = "Đang đọc chứng thư số…";
      const holder = await ask(bridge, "certificate", {});
      for (let more = true; more;) {
        const asked = await post(`/du-thao/${draft}/ky-buoc-1`, { ...own, certificate: [holder.Certificate, ...holder.Chain].join("\n") });
        said.textContent = `Xác nhận trên chương trình ký số${asked.enclosure ? ` (${asked.enclosure})` : ""}. Mã băm của văn bản: ${asked.document_digest}`;
        // An enclosure is signed by its own verb, before the document.
        const signed = await ask(bridge, asked.enclosure ? "sign_appendix" : verb, { FileName: asked.enclosure || name, DocNumber: number, ToSign: asked.to_sign, Digest: asked.digest, DocumentDigest: asked.document_digest });
        const done = await post(`/du-thao/${draft}/ky-buoc-2`, { ...own, id: asked.id, signature: signed.Signature });
        own.file = done.file, more = done.more;
      }
      location.assign(`/du-thao/${draft}`);
    } catch (error) {
      said.textContent = error.message;
      said.classList.add("late");
      button.disabled = false;
      delete form.dataset.sent;
    }
  }));
})();
