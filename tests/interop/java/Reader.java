import jakarta.mail.Folder;
import jakarta.mail.Message;
import jakarta.mail.Session;
import jakarta.mail.Store;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Collects INBOX with Angus Mail: Reader PROTOCOL SECURITY PORT USER PASSWORD CA FOLDER. */
public class Reader {
    public static void main(String[] words) throws Exception {
        String protocol = words[0], security = words[1];
        String name = security.equals("tls") ? protocol + "s" : protocol;
        Properties properties = new Properties();
        if (!security.equals("plain")) {
            properties.put("mail." + name + ".ssl.socketFactory", trusting(words[5]).getSocketFactory());
            properties.put("mail." + name + ".ssl.checkserveridentity", "true");
        }
        if (security.equals("starttls")) {
            properties.put("mail." + name + ".starttls.enable", "true");
            properties.put("mail." + name + ".starttls.required", "true");
        }
        properties.put("mail." + name + ".peek", "true");
        try (Store store = Session.getInstance(properties).getStore(name)) {
            store.connect("localhost", Integer.parseInt(words[2]), words[3], words[4]);
            try (Folder folder = store.getFolder("INBOX")) {
                folder.open(Folder.READ_ONLY);
                int number = 0;
                for (Message message : folder.getMessages()) {
                    try (OutputStream out = new FileOutputStream(Path.of(words[6], ++number + ".eml").toFile())) {
                        message.writeTo(out);
                    }
                }
            }
        }
    }

    private static SSLContext trusting(String file) throws Exception {
        KeyStore keys = KeyStore.getInstance(KeyStore.getDefaultType());
        keys.load(null, null);
        try (InputStream in = new FileInputStream(file)) {
            keys.setCertificateEntry("sandbox", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(keys);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}
